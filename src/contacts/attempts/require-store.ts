/** Waiting for a store that may be away, or hang. */
import { ContactsError } from './failure.ts'

/**
 * Waits for the store, but not past the caller's deadline.
 *
 * @param onFailure called when it can't be told whether the store did what it was asked for
 * @throws ContactsFailure `STORE_UNAVAILABLE` where the store is away: a key is never run
 *   unprotected. This call has sent nothing, but what an earlier one with the key did can't be told.
 */
export async function requireStore<T>(
  operation: Promise<T>,
  deadline: number,
  onFailure?: () => void,
): Promise<T> {
  try {
    return await withDeadline(deadline, operation)
  } catch (error) {
    onFailure?.()
    throw new ContactsError('STORE_UNAVAILABLE', 'the store is away', {
      outcome: 'UNKNOWN',
      retryable: true,
      cause: error,
    })
  }
}

/** The caller's deadline came before the store's answer. */
export class LateAnswer extends Error {
  override readonly name = 'LateAnswer'
}

/** @throws LateAnswer if the deadline, on the clock of `performance.now()`, comes first */
export async function withDeadline<T>(deadline: number, operation: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new LateAnswer('the store did not answer in time')),
    Math.max(0, deadline - performance.now()),
  )
  try {
    return await Promise.race([operation, late.promise])
  } finally {
    clearTimeout(timer)
    operation.catch(() => undefined)
  }
}
