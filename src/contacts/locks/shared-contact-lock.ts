/**
 * The lock of a contact among several processes, with two keys in the store: the holder and the next holder. A
 * process must be the next holder first. So a process that has just released the lock can't acquire it
 * before the next holder. Each process competes with one change; its other changes wait in its own queue.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { LockStore } from '../../store/locks.ts'
import { ContactsError, lockNotAcquired } from '../attempts/failure.ts'
import { leaseMsUntil } from './lease.ts'
import { withDeadline, LateAnswer } from './require-store.ts'

const firstPollMs = 50
/** The longest pause of the processes that are not next, in milliseconds. The next holder keeps the first pause. */
const maxPollMs = 200
/** How long an applied change waits to know whether it held the lock throughout, in milliseconds. */
const maxReleaseMs = 1000

/**
 * @param deadline when the change must have ended, on the clock of `performance.now()`
 * @throws ContactsError `OVERLOADED` if the lock is not acquired in time, `STORE_UNAVAILABLE` if the store
 *   does not answer, `CONFLICT` if the store lost the lock during the change. Also what the change throws
 */
export async function runExclusively<T>(
  store: LockStore,
  uuid: string,
  deadline: number,
  change: () => Promise<T>,
): Promise<T> {
  const owner = randomUUID()
  const [next, lock] = [`next:${uuid}`, `lock:${uuid}`]
  // A key that can't be removed expires. The loss of the next holder's key does no harm: the lock decides.
  const release = (key: string): void => void store.releaseLock(key, owner).catch(() => undefined)
  try {
    try {
      await claim(store, next, owner, deadline, maxPollMs)
      await claim(store, lock, owner, deadline, firstPollMs)
    } finally {
      release(next)
    }
    const result = await change()
    if (await wasLost(store, lock, owner, deadline)) throw lost()
    return result
  } finally {
    release(lock)
  }
}

/**
 * Releases the lock.
 *
 * @returns whether the store had lost the lock, so that another change may have acquired it. False for a
 *   store that does not answer: the lock outlives the deadline of its holder
 */
async function wasLost(store: LockStore, lock: string, owner: string, deadline: number): Promise<boolean> {
  const until = Math.min(deadline, performance.now() + maxReleaseMs)
  try {
    return !(await withDeadline(until, store.releaseLock(lock, owner)))
  } catch {
    return false
  }
}

async function claim(
  store: LockStore,
  key: string,
  owner: string,
  deadline: number,
  maxPauseMs: number,
): Promise<void> {
  const leaseMs = leaseMsUntil(deadline)
  let isHeld = false
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, maxPauseMs)) {
    try {
      if (await withDeadline(deadline, store.acquireLock(key, owner, leaseMs))) return
    } catch (error) {
      throw isHeld && error instanceof LateAnswer ? tooLate() : unavailable(error)
    }
    isHeld = true
    // Jitter: many processes must not poll at the same moments.
    const pauseMs = pollMs * (0.5 + Math.random())
    if (performance.now() + pauseMs >= deadline) throw tooLate()
    await delay(pauseMs)
  }
}

/** Without the store, nothing is changed. */
function unavailable(cause: unknown): ContactsError {
  const message = 'The gateway’s store is unavailable, so other changes of this contact can’t be excluded'
  return new ContactsError('STORE_UNAVAILABLE', message, {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
    cause,
  })
}

/** Another change that started from an older list may have overwritten this change. */
function lost(): ContactsError {
  const message =
    'The gateway’s store lost its data, so another change of this contact may have run meanwhile'
  return new ContactsError('CONFLICT', message, {
    outcome: 'UNKNOWN',
    retryable: false,
    isMessageShown: true,
  })
}

export function tooLate(): ContactsError {
  return lockNotAcquired('Other changes of this contact took until the deadline of this one')
}
