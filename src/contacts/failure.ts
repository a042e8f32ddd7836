/** The failures that a caller can't mend by changing the input, with what is known of their outcome. */
import type { CallbellErrorCode } from '../callbell/errors.ts'
import { CallbellError } from '../callbell/errors.ts'

/** What became of a change: surely not made, surely made, or not to be known. */
export type Outcome = 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'

export type FailureCode = CallbellErrorCode | 'BAD_USER_INPUT'

export class ContactsFailure extends Error {
  override readonly name = 'ContactsFailure'
  readonly code: FailureCode
  /** Of a mutation; undefined for a query, which changes nothing. */
  readonly outcome: Outcome | undefined
  /** Whether the same call may succeed later and can't do harm when it is made again. */
  readonly retryable: boolean
  /** Milliseconds that Callbell asked to be left alone for, where it did. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: FailureCode,
    /** For the caller where the code alone does not say what is wrong, else for the log. */
    message: string,
    details: {
      readonly outcome?: Outcome
      readonly retryable: boolean
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: details.cause })
    this.code = code
    this.outcome = details.outcome
    this.retryable = details.retryable
    this.retryAfterMs = details.retryAfterMs
  }
}

/** Codes of what may pass by itself. A wrong token, an unpaid bill or a broken answer does not. */
const passing: ReadonlySet<FailureCode> = new Set([
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_UNAVAILABLE',
  'CALLBELL_TIMEOUT',
] satisfies FailureCode[])

/** What a failed `POST` means for the contact: only what provably happened counts. */
export function outcomeOf(error: CallbellError): Outcome {
  const { progress, status = 0, retryAfterMs } = error
  if (progress === 'unsent') return 'NOT_APPLIED'
  // "2xx done": the status alone says so, however badly the rest arrived.
  if (status >= 200 && status < 300) return 'APPLIED'
  if (progress !== 'answered') return 'UNKNOWN'
  if (status >= 400 && status < 500) return 'NOT_APPLIED'
  // Only a server that refuses work tells when to come back; a 502 or 504 may be the word of a
  // proxy behind which the work was done.
  return status === 503 && retryAfterMs !== undefined ? 'NOT_APPLIED' : 'UNKNOWN'
}

/** The failure of a change: worth another try only when it was surely not made. */
export function failedChange(error: unknown): unknown {
  if (!(error instanceof CallbellError)) return error
  const outcome = outcomeOf(error)
  return new ContactsFailure(error.code, error.message, {
    outcome,
    retryable: outcome === 'NOT_APPLIED' && passing.has(error.code),
    retryAfterMs: error.retryAfterMs,
    cause: error,
  })
}

/** The failure of a read, which can always be made again. */
export function failedRead(error: unknown): unknown {
  if (!(error instanceof CallbellError)) return error
  const message = error.rejections.map((rejection) => rejection.message).join('; ')
  return new ContactsFailure(error.code, message || error.message, {
    retryable: passing.has(error.code),
    retryAfterMs: error.retryAfterMs,
    cause: error,
  })
}
