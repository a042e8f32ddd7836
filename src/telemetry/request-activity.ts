/** What happens during one GraphQL request, recorded as it happens. */
import { FieldActivity } from './field-activity.ts'
import type { Metrics } from './metrics.ts'
import type { Operation, RecordedField, RequestRecord } from './request-record.ts'
import type { Attributes, Span, StartTrace, TraceHeaders } from './span.ts'

/** Characters: any text may be the name of an operation. */
const longestName = 64

export interface RequestActivityOptions {
  readonly metrics: Metrics
  /** Undefined: nothing is traced. */
  readonly startTrace: StartTrace | undefined
  /** Where requests to Callbell go, in the words of traces. */
  readonly upstream: Attributes
  /** Told of each field that has ended. */
  readonly onFieldEnd: (operation: Operation | undefined, field: RecordedField) => void
  /** Told once, when the request has been answered. */
  readonly onEnd: (record: RequestRecord, status: number, durationMs: number) => void
}

export class RequestActivity implements RequestRecord {
  readonly requestId: string
  caller: string | undefined
  address: string | undefined
  operation: Operation | undefined
  code: string | undefined
  reason: string | undefined
  hasBug = false
  isCallerGone = false
  readonly fields: RecordedField[] = []
  /** Whether the operation's execution has begun. */
  isExecuted = false
  /** Requests that have left for Callbell so far. */
  callsMade = 0
  private readonly startedAt = performance.now()
  private readonly options: RequestActivityOptions
  private span: Span | undefined

  constructor(requestId: string, options: RequestActivityOptions) {
    this.requestId = requestId
    this.options = options
  }

  get traceId(): string | undefined {
    return this.span?.traceId
  }

  /** The caller is known. Only now a trace begins: strangers make none. */
  admit(caller: string, method: string, path: string, headers: TraceHeaders): void {
    this.caller = caller
    const attributes = {
      'http.request.method': method,
      'http.route': path,
      'url.path': path,
      'url.scheme': 'http',
    }
    this.span = this.options.startTrace?.(`${method} ${path}`, attributes, headers, this.startedAt)
  }

  parsed({ type, name: wholeName, text }: Operation): void {
    const name = wholeName?.slice(0, longestName)
    this.operation = { type, name, text }
    this.span?.set({ 'graphql.operation.type': type, ...(name && { 'graphql.operation.name': name }) })
  }

  /** @param name for example `createContact` or `Contact.bot`: one of the schema's */
  field(name: string): FieldActivity {
    return new FieldActivity({
      name,
      metrics: this.options.metrics,
      upstream: this.options.upstream,
      span: this.span?.child(name, 'internal', {}),
      onSent: () => void (this.callsMade += 1),
      onEnd: (field, end) => {
        this.fields.push({ field, end })
        this.options.onFieldEnd(this.operation, { field, end })
      },
    })
  }

  /** An error is part of the answer. @param reason in words of ours, for the log */
  erred(code: string, reason?: string): void {
    this.code ??= code
    this.reason ??= reason
    if (code === 'INTERNAL_SERVER_ERROR') this.hasBug = true
  }

  /** @param status of the HTTP answer */
  ended(status: number): void {
    const { code } = this
    this.span?.set({ 'http.response.status_code': status, ...(code !== undefined && { 'error.type': code }) })
    this.span?.end(status >= 500 ? String(status) : undefined)
    this.options.onEnd(this, status, performance.now() - this.startedAt)
  }
}
