/** What one field does: its requests to Callbell as they happen, and what becomes of it. */
import type { AttemptWatch, CallWatch, KeyResult, LookResult } from '../watch.ts'
import type { Metrics } from './metrics.ts'
import type { Attributes, Span } from './span.ts'

/** What became of a field. */
export interface FieldEnd {
  /** Of a mutation. */
  readonly outcome?: string | undefined
  /** `OK`, `USER_ERROR`, or an error's code. */
  readonly code: string
  /** For the log: how far the last request came, and what broke it. */
  readonly detail?: object | undefined
}

export interface FieldActivityOptions {
  /** For example `createContact` or `Contact.bot`. */
  readonly name: string
  readonly metrics: Metrics
  /** Undefined where nothing is traced. */
  readonly span: Span | undefined
  /** Where requests to Callbell go, in the words of traces. */
  readonly upstream: Attributes
  /** Told when a request leaves for Callbell. */
  readonly onSent: () => void
  /** Told once, when the field has ended. */
  readonly onEnd: (field: FieldActivity, end: FieldEnd) => void
}

export class FieldActivity implements CallWatch {
  readonly name: string
  /** To Callbell, those that left and those that were to leave, tries and lookups. */
  requests = 0
  retries = 0
  /** What each came to: a status, or a code. */
  readonly results: string[] = []
  /** All of them together, in milliseconds. */
  queueMs = 0
  upstreamMs = 0
  key: KeyResult | undefined
  look: LookResult | undefined
  private isRetrying = false
  private resends = 0
  private readonly options: FieldActivityOptions

  constructor(options: FieldActivityOptions) {
    this.name = options.name
    this.options = options
  }

  attempt(method: string, route: string): AttemptWatch {
    // What is looked up in between, or asked for after it, is no resending of it.
    this.resends = this.isRetrying ? this.resends + 1 : 0
    this.isRetrying = false
    this.requests += 1
    return new Attempt(this, this.options, { method, route }, this.resends)
  }

  retried(code: string): void {
    this.retries += 1
    this.isRetrying = true
    this.options.metrics.retries.inc({ reason: code })
  }

  reconciled(result: LookResult): void {
    this.look = result
    this.options.metrics.reconciliations.inc({ result })
  }

  keyed(result: KeyResult): void {
    this.key = result
    this.options.metrics.idempotency.inc({ result })
  }

  ended(end: FieldEnd): void {
    const { span, onEnd } = this.options
    if (end.outcome) span?.set({ 'callbell_graphql.outcome': end.outcome })
    span?.end(end.code === 'OK' || end.code === 'USER_ERROR' ? undefined : end.code)
    onEnd(this, end)
  }
}

/** One request to Callbell. */
class Attempt implements AttemptWatch {
  private readonly field: FieldActivity
  private readonly options: FieldActivityOptions
  private readonly labels: { readonly method: string; readonly route: string }
  private readonly resends: number
  private readonly began = performance.now()
  private enteredAt: number | undefined
  private sentAt: number | undefined
  private span: Span | undefined

  constructor(
    field: FieldActivity,
    options: FieldActivityOptions,
    labels: { readonly method: string; readonly route: string },
    resends: number,
  ) {
    this.field = field
    this.options = options
    this.labels = labels
    this.resends = resends
  }

  entered(): Readonly<Record<string, string>> | undefined {
    this.enteredAt = performance.now()
    this.waited(this.enteredAt)
    this.options.metrics.queueSeconds.observe({}, (this.enteredAt - this.began) / 1000)
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
      'callbell_graphql.queue_ms': round((this.enteredAt ?? performance.now()) - this.began),
      ...(this.resends > 0 && { 'http.request.resend_count': this.resends }),
    })
  }

  private end(result: string): void {
    const { method, route } = this.labels
    const { metrics } = this.options
    metrics.attempts.inc({ method, route, result })
    this.field.results.push(result)
    const now = performance.now()
    if (this.enteredAt === undefined) this.waited(now)
    if (this.sentAt === undefined) return
    this.field.upstreamMs += now - this.sentAt
    metrics.upstreamSeconds.observe(this.labels, (now - this.sentAt) / 1000)
  }

  private waited(until: number): void {
    this.field.queueMs += until - this.began
  }
}

/** Milliseconds to a hundredth. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
