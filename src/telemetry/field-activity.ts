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
    const { metrics, span, upstream, onSent } = this.options
    // What is looked up in between, or asked for after it, is no resending of it.
    this.resends = this.isRetrying ? this.resends + 1 : 0
    const { resends } = this
    this.isRetrying = false
    this.requests += 1
    const began = performance.now()
    let enteredAt: number | undefined
    let sentAt: number | undefined
    let child: Span | undefined

    const startSpan = (): Span | undefined =>
      span?.child(`${method} ${route}`, 'client', {
        ...upstream,
        'http.request.method': method,
        'url.template': route,
        'callbell_graphql.queue_ms': round((enteredAt ?? performance.now()) - began),
        ...(resends > 0 && { 'http.request.resend_count': resends }),
      })
    const end = (result: string): void => {
      metrics.attempts.inc({ method, route, result })
      this.results.push(result)
      const now = performance.now()
      if (enteredAt === undefined) this.queueMs += now - began
      if (sentAt === undefined) return
      this.upstreamMs += now - sentAt
      metrics.upstreamSeconds.observe({ method, route }, (now - sentAt) / 1000)
    }

    return {
      entered: () => {
        enteredAt = performance.now()
        this.queueMs += enteredAt - began
        metrics.queueSeconds.observe((enteredAt - began) / 1000)
        child = startSpan()
        return child?.headers
      },
      sent: () => {
        sentAt = performance.now()
        onSent()
      },
      answered: (status) => {
        end(String(status))
        if (status === 429) metrics.rateLimited.inc()
        child?.set({ 'http.response.status_code': status })
        child?.end(status >= 400 ? String(status) : undefined)
      },
      failed: (code) => {
        end(code)
        child ??= startSpan()
        child?.end(code)
      },
    }
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

/** Milliseconds to a hundredth. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
