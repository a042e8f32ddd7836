/** The failures that a caller can't mend by changing the input, with what is known of their outcome. */
import type { CallbellErrorCode } from '../../domain/callbell-error.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Moment } from '../../domain/moment.ts'

/** What became of a change: surely not made, surely made, or not to be known. */
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
  override readonly name = 'ContactsFailure'
  readonly code: FailureCode
  /** Of a mutation; undefined for a query, which changes nothing. */
  readonly outcome: Outcome | undefined
  /** Whether the same call may succeed later and can't do harm when it is made again. */
  readonly retryable: boolean
  /** Milliseconds to wait before another try, where they are known. */
  readonly retryAfterMs: number | undefined
  /** How often a mutation was tried; undefined for a query. */
  readonly attempts: number | undefined
  /** When the first request of a mutation was sent; undefined where none was. */
  readonly sentAt: Moment | undefined
  /** Whether the message says more than the code does, and is for the caller. */
  readonly isMessageShown: boolean

  constructor(
    code: FailureCode,
    /** For the caller where the code alone does not say what is wrong, else for the log. */
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

/** Codes of what may pass by itself. A wrong token, an unpaid bill or a broken answer does not. */
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

/** The failure of a change: worth another try only when it was surely not made. */
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

/** The failure of a read, which can always be made again. */
export function failedRead(error: unknown): unknown {
  if (!(error instanceof CallbellError)) return error
  const message = error.rejections.map((rejection) => rejection.message).join('; ')
  return new ContactsError(error.code, message || error.message, {
    retryable: transientCodes.has(error.code) || error.isTransient,
    retryAfterMs: error.retryAfterMs,
    cause: error,
  })
}

/** Whether a failed create has sent a request. After a bug, it may have. */
export function wasSent(error: unknown): boolean {
  const isKnown = error instanceof ContactsError || error instanceof CallbellError
  return !isKnown || error.sentAt !== undefined
}
