/** What is told of a call to Callbell while it happens, in the words that all rooms share. Imports nothing. */

/** One try of one request to Callbell. It ends with `answered` or `failed`, once. */
export interface AttemptWatch {
  /**
   * Its turn in the line has come.
   *
   * @returns headers by which Callbell could go on with the trace; undefined where nothing is traced
   */
  entered(): Readonly<Record<string, string>> | undefined
  /** Its first byte is about to leave. */
  sent(): void
  /** The whole answer has arrived, whatever it says. */
  answered(status: number): void
  /** @param code of the CallbellError, or whatever else names what went wrong */
  failed(code: string): void
}

/** What is created by requests that are not idempotent. */
export const creationKinds = ['contact', 'note'] as const
export type CreationKind = (typeof creationKinds)[number]

/** What looking for something that may have been made came to. */
export const lookResults = ['found', 'nothing', 'unclear'] as const
export type LookResult = (typeof lookResults)[number]

/**
 * What an idempotency key came to: made under it, made under it before, used before with another
 * input, the store away; or a failure, after which it was made, nobody knows, or it was not.
 */
export const keyResults = [
  'new',
  'replayed',
  'reused',
  'unavailable',
  'applied',
  'unknown',
  'not_applied',
] as const
export type KeyResult = (typeof keyResults)[number]

/** Whoever wants to know what one field's call costs, and how it goes. */
export interface CallWatch {
  /** @param route the path with its parameters' names in place of their values */
  attempt(method: string, route: string): AttemptWatch
  /** An attempt that failed is made again. @param code of its CallbellError */
  retried(code: string): void
  reconciled(result: LookResult): void
  keyed(result: KeyResult): void
}
