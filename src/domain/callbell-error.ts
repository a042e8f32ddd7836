/** The failures of requests to Callbell, and how far each request had progressed. */
import type { Moment } from './moment.ts'

/** `OVERLOADED`: the gateway's own queue is full. */
export const callbellErrorCodes = [
  'CALLBELL_UNAUTHORIZED',
  'CALLBELL_PAYMENT_REQUIRED',
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_REJECTED',
  'CALLBELL_UNAVAILABLE',
  'CALLBELL_TIMEOUT',
  'CALLBELL_INVALID_RESPONSE',
  'OVERLOADED',
] as const
export type CallbellErrorCode = (typeof callbellErrorCodes)[number]

/**
 * The proven progress of a request: no byte was sent; bytes may have been sent; the status of the answer
 * has arrived; the whole answer has arrived.
 */
export type Progress = 'unsent' | 'sent' | 'status' | 'answered'

/** One reason why Callbell rejected a request. */
export interface Rejection {
  /** The path inside the caller's input; null if the reason names no part of it. */
  readonly path: readonly string[] | null
  /** Callbell's message, sanitized. */
  readonly message: string
}

interface CallbellErrorDetails {
  readonly progress: Progress
  readonly sentAt?: Moment | undefined
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly rejections?: readonly Rejection[]
  /** Whether a retry after this `CALLBELL_INVALID_RESPONSE` may succeed. Default: only with an error status. */
  readonly mayPass?: boolean | undefined
  readonly cause?: unknown
}

/** `OVERLOADED` is not transient: retries would keep the queue full. */
const transientCodes: ReadonlySet<CallbellErrorCode> = new Set([
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_UNAVAILABLE',
  'CALLBELL_TIMEOUT',
] satisfies CallbellErrorCode[])

/** The only error that the client throws for failures outside of the gateway. */
export class CallbellError extends Error {
  override readonly name = 'CallbellError'
  readonly code: CallbellErrorCode
  readonly progress: Progress
  /** When the request was sent; undefined if it was not, or if the failure is not of one request. */
  readonly sentAt: Moment | undefined
  /** The HTTP status, if `progress` is `status` or `answered`. */
  readonly status: number | undefined
  /** Milliseconds from `Retry-After`; undefined if the answer has none. */
  readonly retryAfterMs: number | undefined
  /** Never empty for `CALLBELL_REJECTED`. */
  readonly rejections: readonly Rejection[]
  private readonly mayPass: boolean

  /** Whether the same request may succeed soon, so that a read is retried. */
  get isTransient(): boolean {
    return this.code === 'CALLBELL_INVALID_RESPONSE' ? this.mayPass : transientCodes.has(this.code)
  }

  /** @returns the same failure with other rejections */
  withRejections(rejections: readonly Rejection[]): CallbellError {
    const { code, message, progress, sentAt, status, retryAfterMs, mayPass, cause } = this
    return new CallbellError(code, message, {
      progress,
      sentAt,
      status,
      retryAfterMs,
      rejections,
      mayPass,
      cause,
    })
  }

  /** @param message for logs only. It names what happened, and never quotes an answer or a secret */
  constructor(code: CallbellErrorCode, message: string, details: CallbellErrorDetails) {
    super(message, { cause: details.cause })
    this.code = code
    this.progress = details.progress
    this.sentAt = details.sentAt
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.rejections = details.rejections ?? []
    this.mayPass = details.mayPass ?? (details.status ?? 0) >= 400
  }
}
