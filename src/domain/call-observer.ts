/** Observers of calls to Callbell, for the log, metrics and traces. Imports nothing. */

/** Observes one attempt of one request to Callbell, which ends with `answered` or `failed`, once. */
export interface AttemptObserver {
  /**
   * The limiter has granted a permit.
   *
   * @returns trace headers for Callbell; undefined where tracing is off
   */
  acquired(): Readonly<Record<string, string>> | undefined
  /** The first byte is about to be sent. */
  sent(): void
  /** The whole response has arrived, with any status. */
  answered(status: number): void
  /** @param code of the CallbellError, or another name for the failure */
  failed(code: string): void
}

/** What non-idempotent requests create. */
export const creationKinds = ['contact', 'note'] as const
export type CreationKind = (typeof creationKinds)[number]

/** The results of verifying a create: it was found, is provably absent, or the lookups were inconclusive. */
export const verificationResults = ['found', 'absent', 'inconclusive'] as const
export type VerificationResult = (typeof verificationResults)[number]

/**
 * The results of a call with an idempotency key. `new`: created under this key. `replayed`: created
 * under it before. `reused`: used before with different input. `unavailable`: the store is unreachable.
 * The others are failures, by their outcome.
 */
export const idempotencyResults = [
  'new',
  'replayed',
  'reused',
  'unavailable',
  'applied',
  'unknown',
  'not_applied',
] as const
export type IdempotencyResult = (typeof idempotencyResults)[number]

/** Observes the call of one field. */
export interface CallObserver {
  /** @param route the URL template, with parameter names instead of values */
  attempt(method: string, route: string): AttemptObserver
  /** A failed attempt will be retried. @param code of its CallbellError */
  retried(code: string): void
  /** The outcome of an ambiguous failure has been verified. */
  verified(result: VerificationResult): void
  /** A call with an idempotency key has ended. */
  keyUsed(result: IdempotencyResult): void
}
