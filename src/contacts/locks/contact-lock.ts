/** The lock of a contact: changes that read a contact and write the result run one at a time. */
import type { LockStore } from '../../store/locks.ts'
import { LocalLocks, tooManyMessage } from './local-locks.ts'
import { lockNotAcquired } from '../attempts/failure.ts'
import { runExclusively, tooLate } from './shared-contact-lock.ts'

export interface ContactLock {
  /**
   * Runs a change under the lock of the contact, which no other change holds in this process or another
   * replica. In this process, the callers that wait acquire the lock in round-robin order.
   *
   * @param caller who waits for the lock
   * @param deadline when it must have ended, on the clock of `performance.now()`
   * @throws ContactsError `OVERLOADED` at once if too many wait, or at the deadline without the lock.
   *   `STORE_UNAVAILABLE` if the store of the replicas does not answer. Also what the change throws
   */
  run<T>(uuid: string, caller: string, deadline: number, change: () => Promise<T>): Promise<T>
}

export function createContactLock(store: LockStore): ContactLock {
  const locks = new LocalLocks({
    tooMany: (limit) => lockNotAcquired(tooManyMessage(limit, 'tag changes', 'of this contact')),
    tooLate,
  })

  return {
    async run(uuid, caller, deadline, change) {
      const lock = await locks.acquire(uuid, caller, deadline)
      try {
        if (performance.now() >= deadline) throw tooLate()
        // Only this process uses a store that is not shared: its own lock is enough.
        return await (store.isShared ? runExclusively(store, uuid, deadline, change) : change())
      } finally {
        locks.release(lock)
      }
    },
  }
}
