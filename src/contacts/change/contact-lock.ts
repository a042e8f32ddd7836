/** One at a time: changes that read a contact, and write what they made of it. */
import type { LockStore } from '../../store/locks.ts'
import { LocalLocks, tooManyMessage } from '../attempts/local-turns.ts'
import { overloaded, runExclusively, tooLate } from './shared-lock.ts'

export interface ContactLock {
  /**
   * Runs a change when no other one of the same contact runs, in this process or another replica. In
   * this process, the callers that wait for a contact take turns.
   *
   * @param caller whose turn the change takes
   * @param deadline when it must have ended, on the clock of `performance.now()`
   * @throws ContactsFailure `OVERLOADED` at once if too many wait, or at the deadline if its turn has not
   *   come; `STORE_UNAVAILABLE` if the other replicas can't be asked; and what the change throws
   */
  run<T>(uuid: string, caller: string, deadline: number, change: () => Promise<T>): Promise<T>
}

export function createContactLock(store: LockStore): ContactLock {
  const turns = new LocalLocks({
    tooMany: (limit) => overloaded(tooManyMessage(limit, 'tag changes', 'of this contact')),
    tooLate,
  })

  return {
    async run(uuid, caller, deadline, change) {
      const turn = await turns.acquire(uuid, caller, deadline)
      try {
        if (performance.now() >= deadline) throw tooLate()
        // What is not shared is used by this process alone, whose queue is enough.
        return await (store.isShared ? runExclusively(store, uuid, deadline, change) : change())
      } finally {
        turns.release(turn)
      }
    },
  }
}
