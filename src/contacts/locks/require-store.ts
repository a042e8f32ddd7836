/** Waiting for a store that may be unreachable, or may never answer. */
import type { Outcome } from '../attempts/failure.ts'
import { ContactsError } from '../attempts/failure.ts'

export interface StoreRequirement {
  /** When the store must have answered, on the clock of `performance.now()`. */
  readonly deadline: number
  /**
   * What is known of the call without the store. `UNKNOWN` for a key: this call has sent nothing, but an
   * earlier call with the key may have. Undefined for a read.
   */
  readonly outcome?: Outcome
  /** Called when it is unknown whether the store has carried out the operation. */
  readonly onFailure?: () => void
}

/**
 * Waits for the store, but not past the deadline. A key is never used without its protection.
 *
 * @throws ContactsError `STORE_UNAVAILABLE` if the store fails or does not answer in time
 */
export async function requireStore<T>(
  operation: Promise<T>,
  { deadline, outcome, onFailure }: StoreRequirement,
): Promise<T> {
  try {
    return await withDeadline(deadline, operation)
  } catch (cause) {
    onFailure?.()
    const message = 'the store is unreachable'
    throw new ContactsError('STORE_UNAVAILABLE', message, {
      ...(outcome && { outcome }),
      retryable: true,
      cause,
    })
  }
}

/** The deadline passed before the store answered. */
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
