/** The failures that a caller can't fix by changing the input, with the outcome of a change. */
import type { CallbellErrorCode } from '../../domain/callbell-error.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Moment } from '../../domain/moment.ts'

/** The outcome of a change: certainly not applied, certainly applied, or unknown. */
export type Outcome = 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'

export type FailureCode =
  | CallbellErrorCode
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'CONTACT_GONE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'QUERY_TOO_COMPLEX'
  | 'STORE_QUOTA_EXCEEDED'
  | 'STORE_UNAVAILABLE'

export class ContactsError extends Error {
  override readonly name = 'ContactsError'
  readonly code: FailureCode
  /** The outcome of a mutation; undefined for a query, which changes nothing. */
  readonly outcome: Outcome | undefined
  /** Whether the same call may succeed later, and a retry does no harm. */
  readonly retryable: boolean
  /** Milliseconds to wait before a retry; undefined where unknown. */
  readonly retryAfterMs: number | undefined
  /** How many requests of a mutation were sent; undefined for a query. */
  readonly attempts: number | undefined
  /** When the first request of a mutation was sent; undefined where none was. */
  readonly sentAt: Moment | undefined
  /** Whether the caller gets the message. If not, the message of the code replaces it. */
  readonly isMessageShown: boolean

  constructor(
    code: FailureCode,
    /** For the caller if `isMessageShown`, else for the log alone. */
    message: string,
    details: {
      readonly outcome?: Outcome
      readonly retryable: boolean
      readonly retryAfterMs?: number | undefined
      readonly attempts?: number
      readonly sentAt?: Moment | undefined
      readonly isMessageShown?: boolean
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: details.cause })
    this.code = code
    this.outcome = details.outcome
    this.retryable = details.retryable
    this.retryAfterMs = details.retryAfterMs === undefined ? undefined : Math.ceil(details.retryAfterMs)
    this.attempts = details.attempts
    this.sentAt = details.sentAt
    this.isMessageShown = details.isMessageShown ?? false
  }
}

/** The codes of failures that may pass without a fix. A wrong token, an unpaid bill or an invalid answer does not. */
const transientCodes: ReadonlySet<FailureCode> = new Set([
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_UNAVAILABLE',
  'CALLBELL_TIMEOUT',
  'OVERLOADED',
] satisfies FailureCode[])

/** The requests that were sent for a change. */
export interface SentAttempts {
  /** How many there were. */
  readonly attempts: number
  /** When the first one was sent; undefined where none was. */
  readonly sentAt: Moment | undefined
}

/**
 * The failure of a change that did not get its lock. Nothing was sent.
 *
 * @param message for the caller
 * @param attempts as in ContactsError
 */
export function lockNotAcquired(message: string, attempts?: number): ContactsError {
  return new ContactsError('OVERLOADED', message, {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
    ...(attempts !== undefined && { attempts }),
  })
}

/** The failure of a change that is not idempotent: a retry is safe only if the change was not applied. */
export function failedChange(
  error: CallbellError,
  outcome: Outcome,
  { attempts, sentAt }: SentAttempts,
): ContactsError {
  const retryable = outcome === 'NOT_APPLIED' && transientCodes.has(error.code)
  return new ContactsError(error.code, error.message, {
    outcome,
    attempts,
    sentAt,
    retryable,
    retryAfterMs: retryable ? error.retryAfterMs : undefined,
    cause: error,
  })
}

/** The failure of an idempotent change: it can always be retried. */
export function failedIdempotent(
  error: CallbellError,
  outcome: Outcome,
  { attempts, sentAt }: SentAttempts,
): ContactsError {
  return new ContactsError(error.code, error.message, {
    outcome,
    attempts,
    sentAt,
    retryable: outcome !== 'APPLIED' && (transientCodes.has(error.code) || error.isTransient),
    retryAfterMs: error.retryAfterMs,
    cause: error,
  })
}

/** The failure of a read, which can always be retried. @returns any other error as it is */
export function failedRead(error: unknown): unknown {
  if (!(error instanceof CallbellError)) return error
  const message = error.rejections.map((rejection) => rejection.message).join('; ')
  return new ContactsError(error.code, message || error.message, {
    retryable: transientCodes.has(error.code) || error.isTransient,
    retryAfterMs: error.retryAfterMs,
    cause: error,
  })
}

/** Whether a failed create has sent a request. After an unexpected error, it may have. */
export function wasSent(error: unknown): boolean {
  const isExpected = error instanceof ContactsError || error instanceof CallbellError
  return !isExpected || error.sentAt !== undefined
}
