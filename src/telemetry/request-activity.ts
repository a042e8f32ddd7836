/** What happens during one GraphQL request, recorded as it happens; in the end, it is counted and logged. */
import type { FieldEnd } from './field-activity.ts'
import { FieldActivity } from './field-activity.ts'
import type { LoggedField } from './request-line.ts'
import type { Telemetry } from './telemetry.ts'
import type { Span, TraceHeaders } from './span.ts'

export interface Operation {
  readonly type: 'query' | 'mutation' | 'subscription'
  /** As its document names it; undefined where it does not. */
  readonly name: string | undefined
  /** The document's text. */
  readonly text: string
}

export class RequestActivity {
  readonly requestId: string
  /** Its name, or, where callers have none, its address. */
  caller: string | undefined
  /** Of the connection, as far as it is known. */
  address: string | undefined
  operation: Operation | undefined
  /** Whether the operation was let in, so that its fields ran. */
  isExecuted = false
  /** Requests that have left for Callbell so far. */
  callsMade = 0
  /** Of the first error. */
  code: string | undefined
  /** Why it was refused, in words of ours. */
  reason: string | undefined
  hasBug = false
  readonly fields: LoggedField[] = []
  readonly startedAt = performance.now()
  private span: Span | undefined
  private readonly telemetry: Telemetry

  constructor(telemetry: Telemetry, requestId: string) {
    this.telemetry = telemetry
    this.requestId = requestId
  }

  get traceId(): string | undefined {
    return this.span?.traceId
  }

  /** The caller is known. Only now a trace begins: strangers make none. */
  admit(caller: string, method: string, path: string, headers: TraceHeaders): void {
    this.caller = caller
    const attributes = { 'http.request.method': method, 'http.route': path, 'url.path': path }
    this.span = this.telemetry.startTrace?.(`${method} ${path}`, attributes, headers, this.startedAt)
  }

  parsed(operation: Operation): void {
    this.operation = operation
    const { type, name } = operation
    this.span?.set({ 'graphql.operation.type': type, ...(name && { 'graphql.operation.name': name }) })
  }

  /** @param name for example `createContact` or `Contact.bot`: one of the schema's */
  field(name: string): FieldActivity {
    return new FieldActivity({
      name,
      metrics: this.telemetry.metrics,
      span: this.span?.child(name, 'internal', {}),
      onSent: () => void (this.callsMade += 1),
      onEnd: (field, end) => this.endField(field, end),
    })
  }

  /** An error is part of the answer. */
  erred(code: string, reason?: string): void {
    this.code ??= code
    this.reason ??= reason
    if (code === 'INTERNAL_SERVER_ERROR') this.hasBug = true
  }

  /** @param status of the HTTP answer */
  ended(status: number): void {
    const { metrics } = this.telemetry
    const durationMs = performance.now() - this.startedAt
    const { code = 'OK' } = this
    const type = this.operation?.type ?? 'none'
    metrics.requests.inc({ operation: this.telemetry.operationLabel(this.operation?.name), type, code })
    metrics.requestSeconds.observe({ type }, durationMs / 1000)
    if (code !== 'OK' && this.fields.length === 0) this.telemetry.countRefusal(code)
    this.span?.set({ 'http.response.status_code': status })
    this.span?.end(status >= 500 ? String(status) : undefined)
    this.telemetry.logRequest(this, status, durationMs)
  }

  private endField(field: FieldActivity, end: FieldEnd): void {
    const { metrics } = this.telemetry
    const { outcome = '', code } = end
    this.fields.push({ field, end })
    const operation = this.telemetry.operationLabel(this.operation?.name)
    metrics.fields.inc({ operation, field: field.name, outcome, code })
    if (outcome === 'UNKNOWN') metrics.unknownOutcomes.inc({ field: field.name })
  }
}
