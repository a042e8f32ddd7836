/** A lock of contacts, named changes, and their results. */
import { onTestFinished } from 'vitest'
import type { ContactLock } from '../../src/contacts/locks/contact-lock.ts'
import { createContactLock } from '../../src/contacts/locks/contact-lock.ts'
import { ContactsError } from '../../src/contacts/attempts/failure.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'

export const inAMinute = (): number => performance.now() + 60_000
export const many = (count: number): number[] => Array.from({ length: count }, (_, number) => number)

/** A lock whose changes have names, which are recorded when they start. */
export function openLock(store: Store = openMemoryStore()) {
  onTestFinished(() => store.close())
  const lock = createContactLock(store)
  const started: string[] = []
  return {
    started,
    run: (name: string, caller: string, uuid = 'u', held?: Promise<void>, deadline = inAMinute()) =>
      lock.run(uuid, caller, deadline, async () => {
        started.push(name)
        await held
        return name
      }),
  }
}

export const refused = (message: string) => ({
  code: 'OVERLOADED',
  outcome: 'NOT_APPLIED',
  retryable: true,
  message,
})

/** @returns the result of a change, or the fields of its error */
export async function resultOf(change: ReturnType<ContactLock['run']>): Promise<unknown> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof ContactsError)) throw error
    const { code, outcome, retryable, message } = error
    return { code, outcome, retryable, message }
  }
}
