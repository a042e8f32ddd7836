/** What can go wrong on the way to Callbell and back, and how far the request had come. `OVERLOADED`: our own line is full. */

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
 * How far a request provably came: no byte was sent; bytes may have left; the answer's status
 * arrived; the whole answer arrived.
 */
export type Progress = 'unsent' | 'sent' | 'status' | 'answered'

/** One reason for which Callbell refused a request. */
export interface Rejection {
  /** Path inside the request as the caller gave it; null where the reason names none of its parts. */
  readonly path: readonly string[] | null
  /** Callbell's own words, cleaned. */
  readonly message: string
}

interface Details {
  readonly progress: Progress
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly rejections?: readonly Rejection[]
  /** Whether another answer than this `CALLBELL_INVALID_RESPONSE` may come next. Default: to an error status. */
  readonly mayPass?: boolean | undefined
  readonly cause?: unknown
}

/** A full queue stays full if those in it come back: `OVERLOADED` is not among them. */
const transientCodes: ReadonlySet<CallbellErrorCode> = new Set([
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_UNAVAILABLE',
  'CALLBELL_TIMEOUT',
] satisfies CallbellErrorCode[])

/** The one error that the client throws for what happens outside of us. */
export class CallbellError extends Error {
  override readonly name = 'CallbellError'
  readonly code: CallbellErrorCode
  readonly progress: Progress
  /** The HTTP status, from `progress` `status` on. */
  readonly status: number | undefined
  /** Milliseconds, where Callbell asked for a pause. */
  readonly retryAfterMs: number | undefined
  /** With `CALLBELL_REJECTED`: never empty. */
  readonly rejections: readonly Rejection[]
  private readonly mayPass: boolean

  /** Whether the same request may succeed in a moment: a read is worth another try. */
  get isTransient(): boolean {
    return this.code === 'CALLBELL_INVALID_RESPONSE' ? this.mayPass : transientCodes.has(this.code)
  }

  /** @param message for logs only; it names what happened, and never quotes an answer or a secret */
  constructor(code: CallbellErrorCode, message: string, details: Details) {
    super(message, { cause: details.cause })
    this.code = code
    this.progress = details.progress
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
    this.rejections = details.rejections ?? []
    this.mayPass = details.mayPass ?? (details.status ?? 0) >= 400
  }
}
