/** Records one field: its requests to Callbell as they happen, and its result. */
import type {
  AttemptObserver,
  CallObserver,
  IdempotencyResult,
  VerificationResult,
} from '../domain/call-observer.ts'
import type { Metrics } from './metrics.ts'
import type { Attributes, Span } from './span.ts'

/** The result of a field. */
export interface FieldEnd {
  /** Undefined for a query. */
  readonly outcome?: string | undefined
  /** `OK`, `USER_ERROR`, or the code of an error. */
  readonly code: string
  /** For the log: the progress and the cause of the last failure. */
  readonly detail?: object | undefined
}

export interface FieldRecorderOptions {
  /** For example `createContact` or `Contact.bot`. */
  readonly name: string
  readonly metrics: Metrics
  /** Undefined where tracing is off. */
  readonly span: Span | undefined
  /** The address of Callbell, as span attributes. */
  readonly upstream: Attributes
  /** Called when a request to Callbell is sent. */
  readonly onSent: () => void
  /** Called once, when the field has ended. */
  readonly onEnd: (field: FieldRecorder, end: FieldEnd) => void
}

export class FieldRecorder implements CallObserver {
  readonly name: string
  /** Requests to Callbell, sent or not: attempts and lookups. */
  requests = 0
  retries = 0
  /** Of each request: its status, or an error code. */
  readonly results: string[] = []
  /** Milliseconds, summed over all requests. */
  queueMs = 0
  upstreamMs = 0
  idempotency: IdempotencyResult | undefined
  verification: VerificationResult | undefined
  private isRetrying = false
  private resends = 0
  private readonly options: FieldRecorderOptions

  constructor(options: FieldRecorderOptions) {
    this.name = options.name
    this.options = options
  }

  attempt(method: string, route: string): AttemptObserver {
    // A lookup between two attempts, or a later request, does not count as a resend.
    this.resends = this.isRetrying ? this.resends + 1 : 0
    this.isRetrying = false
    this.requests += 1
    return new AttemptRecorder(this, this.options, { method, route }, this.resends)
  }

  retried(code: string): void {
    this.retries += 1
    this.isRetrying = true
    this.options.metrics.retries.inc({ reason: code })
  }

  verified(result: VerificationResult): void {
    this.verification = result
    this.options.metrics.reconciliations.inc({ result })
  }

  keyUsed(result: IdempotencyResult): void {
    this.idempotency = result
    this.options.metrics.idempotency.inc({ result })
  }

  ended(end: FieldEnd): void {
    const { span, onEnd } = this.options
    if (end.outcome) span?.set({ 'callbell_graphql.outcome': end.outcome })
    span?.end(end.code === 'OK' || end.code === 'USER_ERROR' ? undefined : end.code)
    onEnd(this, end)
  }
}

/** Records one request to Callbell. */
class AttemptRecorder implements AttemptObserver {
  private readonly field: FieldRecorder
  private readonly options: FieldRecorderOptions
  private readonly labels: { readonly method: string; readonly route: string }
  private readonly resends: number
  private readonly startedAt = performance.now()
  private acquiredAt: number | undefined
  private sentAt: number | undefined
  private span: Span | undefined

  constructor(
    field: FieldRecorder,
    options: FieldRecorderOptions,
    labels: { readonly method: string; readonly route: string },
    resends: number,
  ) {
    this.field = field
    this.options = options
    this.labels = labels
    this.resends = resends
  }

  acquired(): Readonly<Record<string, string>> | undefined {
    this.acquiredAt = performance.now()
    this.waited(this.acquiredAt)
    this.options.metrics.queueSeconds.observe({}, (this.acquiredAt - this.startedAt) / 1000)
    this.startSpan()
    return this.span?.headers
  }

  sent(): void {
    this.sentAt = performance.now()
    this.options.onSent()
  }

  answered(status: number): void {
    this.end(String(status))
    if (status === 429) this.options.metrics.rateLimited.inc({})
    this.span?.set({ 'http.response.status_code': status })
    this.span?.end(status >= 400 ? String(status) : undefined)
  }

  failed(code: string): void {
    this.end(code)
    if (this.span === undefined) this.startSpan()
    this.span?.end(code)
  }

  private startSpan(): void {
    const { span, upstream } = this.options
    if (span === undefined) return
    const { method, route } = this.labels
    this.span = span.child(`${method} ${route}`, 'client', {
      ...upstream,
      'http.request.method': method,
      'url.template': route,
      'callbell_graphql.queue_ms': round((this.acquiredAt ?? performance.now()) - this.startedAt),
      ...(this.resends > 0 && { 'http.request.resend_count': this.resends }),
    })
  }

  private end(result: string): void {
    const { method, route } = this.labels
    const { metrics } = this.options
    metrics.attempts.inc({ method, route, result })
    this.field.results.push(result)
    const now = performance.now()
    if (this.acquiredAt === undefined) this.waited(now)
    if (this.sentAt === undefined) return
    this.field.upstreamMs += now - this.sentAt
    metrics.upstreamSeconds.observe(this.labels, (now - this.sentAt) / 1000)
  }

  private waited(until: number): void {
    this.field.queueMs += until - this.startedAt
  }
}

/** @returns the milliseconds, rounded to hundredths */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
