/**
 * One change of a contact at a time among several processes, which take turns. There are two keys in the
 * store: who changes the contact, and who is next. Whoever wants to change it must be next first, so a
 * process that has just changed it can't do so again before the one that is next. Each process has one
 * change in this: the others wait in its own queue.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { LockStore } from '../../store/locks.ts'
import { ContactsError } from '../attempts/failure.ts'
import { withDeadline, LateAnswer } from '../attempts/require-store.ts'

const firstPollMs = 50
/** Of the processes that are not next. The one that is next polls at the first pace. */
const longestPollMs = 200
/** A process that died must not hold a contact for longer than its change could have taken. */
const graceMs = 2000
/** For how long a change that is made waits to know whether it was alone. */
const longestReleaseMs = 1000

/**
 * @param deadline when the change must have ended, on the clock of `performance.now()`
 * @throws ContactsFailure `OVERLOADED` if its turn does not come, `STORE_UNAVAILABLE` if the store does
 *   not answer, `CONFLICT` if the store lost the lock while the change ran, and what the change throws
 */
export async function runExclusively<T>(
  store: LockStore,
  uuid: string,
  deadline: number,
  change: () => Promise<T>,
): Promise<T> {
  const owner = randomUUID()
  const [next, lock] = [`next:${uuid}`, `lock:${uuid}`]
  // What can't be given back ends by itself. A place that was lost does no harm: the lock decides.
  const release = (key: string): void => void store.releaseLock(key, owner).catch(() => undefined)
  try {
    try {
      await claim(store, next, owner, deadline, longestPollMs)
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
 * Gives the lock back.
 *
 * @returns whether it was not held any more: the store has forgotten it, so that others may have taken it.
 *   A store that does not answer has not: the lock lives longer than the deadline of its holder
 */
async function wasLost(store: LockStore, lock: string, owner: string, deadline: number): Promise<boolean> {
  const until = Math.min(deadline, performance.now() + longestReleaseMs)
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
  longestMs: number,
): Promise<void> {
  const ttlMs = Math.max(1, Math.ceil(deadline - performance.now())) + graceMs
  let isHeld = false
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestMs)) {
    try {
      if (await withDeadline(deadline, store.acquireLock(key, owner, ttlMs))) return
    } catch (error) {
      throw isHeld && error instanceof LateAnswer ? tooLate() : unavailable(error)
    }
    isHeld = true
    // Spread out: many processes must not ask at the same moments.
    const pauseMs = pollMs * (0.5 + Math.random())
    if (performance.now() + pauseMs >= deadline) throw tooLate()
    await delay(pauseMs)
  }
}

/** Without the store nothing is changed, and nothing has been. */
function unavailable(cause: unknown): ContactsError {
  const message = 'The gateway’s store is unavailable, so other changes of this contact can’t be excluded'
  return new ContactsError('STORE_UNAVAILABLE', message, {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
    cause,
  })
}

/** What was changed may have been overwritten by another change that started from an older list. */
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
  return overloaded('Other changes of this contact took until the deadline of this one')
}

/** @param message for the caller */
export function overloaded(message: string): ContactsError {
  return new ContactsError('OVERLOADED', message, {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
  })
}
