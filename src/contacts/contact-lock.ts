/** One at a time: changes that read a contact, and write what they made of it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import { ContactsFailure } from './failure.ts'
import { before } from './guarded.ts'

export interface ContactLock {
  /**
   * Runs a change when no other one of the same contact runs, in this process or another replica.
   *
   * @param deadline when it must have ended, on the clock of `performance.now()`
   * @throws ContactsFailure `OVERLOADED` if its turn does not come, `STORE_UNAVAILABLE` if the
   *   others can't be asked, and what the change throws
   */
  run<T>(uuid: string, deadline: number, change: () => Promise<T>): Promise<T>
}

const pollMs = 50
/** A process that died must not hold a contact for longer than its change could have taken. */
const graceMs = 2000

export function createContactLock(store: Store): ContactLock {
  /** The end of the line for each contact, in this process. */
  const lines = new Map<string, Promise<unknown>>()

  async function claim(key: string, owner: string, deadline: number): Promise<void> {
    const ttlMs = Math.max(1, Math.ceil(deadline - performance.now())) + graceMs
    while ((await asked(store.putIfAbsent(key, owner, ttlMs), deadline)) !== null) {
      if (performance.now() + pollMs >= deadline) throw tooLate()
      await delay(pollMs)
    }
  }

  async function runAlone<T>(uuid: string, deadline: number, change: () => Promise<T>): Promise<T> {
    if (performance.now() >= deadline) throw tooLate()
    // What is not shared is used by this process alone, whose line is enough.
    if (!store.isShared) return change()
    const key = `lock:${uuid}`
    const owner = randomUUID()
    await claim(key, owner, deadline)
    try {
      return await change()
    } finally {
      // A lock that can't be given back ends by itself.
      store.remove(key, owner).catch(() => undefined)
    }
  }

  return {
    async run(uuid, deadline, change) {
      const previous = lines.get(uuid) ?? Promise.resolve()
      const result = previous.then(() => runAlone(uuid, deadline, change))
      const end = result.catch(() => undefined)
      lines.set(uuid, end)
      try {
        return await result
      } finally {
        if (lines.get(uuid) === end) lines.delete(uuid)
      }
    },
  }
}

/** Without the others' word nothing is changed, and nothing has been. */
async function asked<T>(operation: Promise<T>, deadline: number): Promise<T> {
  try {
    return await before(deadline, operation)
  } catch (error) {
    const details = { outcome: 'NOT_APPLIED', retryable: true, cause: error } as const
    throw new ContactsFailure('STORE_UNAVAILABLE', 'the store is away', details)
  }
}

function tooLate(): ContactsFailure {
  return new ContactsFailure('OVERLOADED', 'others are changing the contact', {
    outcome: 'NOT_APPLIED',
    retryable: true,
  })
}
