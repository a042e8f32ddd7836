/** Records one GraphQL request while it runs. */
import { FieldRecorder } from './field-recorder.ts'
import type { Metrics } from './metrics.ts'
import type { Operation, RecordedField, RequestRecord } from './request-record.ts'
import type { Attributes, Span, StartTrace, TraceHeaders } from './span.ts'

/** In characters. The name of an operation may have any length. */
const maxNameLength = 64

export interface RequestRecorderOptions {
  readonly metrics: Metrics
  /** Undefined where tracing is off. */
  readonly startTrace: StartTrace | undefined
  /** The address of Callbell, as span attributes. */
  readonly upstream: Attributes
  /** Called for each field that has ended. */
  readonly onFieldEnd: (operation: Operation | undefined, field: RecordedField) => void
  /** Called once, when the request has been answered. */
  readonly onEnd: (record: RequestRecord, status: number, durationMs: number) => void
}

export class RequestRecorder implements RequestRecord {
  readonly requestId: string
  caller: string | undefined
  address: string | undefined
  operation: Operation | undefined
  code: string | undefined
  reason: string | undefined
  hasUnexpectedError = false
  isClientDisconnected = false
  readonly fields: RecordedField[] = []
  /** Whether the operation's execution has started. */
  isExecuted = false
  /** Requests sent to Callbell so far. */
  callsMade = 0
  private readonly startedAt = performance.now()
  private readonly options: RequestRecorderOptions
  private span: Span | undefined

  constructor(requestId: string, options: RequestRecorderOptions) {
    this.requestId = requestId
    this.options = options
  }

  get traceId(): string | undefined {
    return this.span?.traceId
  }

  /** The caller is authenticated. The trace starts only now: unauthenticated clients create none. */
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
    const name = wholeName?.slice(0, maxNameLength)
    this.operation = { type, name, text }
    this.span?.set({ 'graphql.operation.type': type, ...(name && { 'graphql.operation.name': name }) })
  }

  /** @param name a field of the schema, for example `createContact` or `Contact.bot` */
  field(name: string): FieldRecorder {
    return new FieldRecorder({
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

  /** The response contains an error. @param reason a fixed message, for the log */
  erred(code: string, reason?: string): void {
    this.code ??= code
    this.reason ??= reason
    if (code === 'INTERNAL_SERVER_ERROR') this.hasUnexpectedError = true
  }

  /** @param status of the HTTP response */
  ended(status: number): void {
    const { code } = this
    this.span?.set({ 'http.response.status_code': status, ...(code !== undefined && { 'error.type': code }) })
    this.span?.end(status >= 500 ? String(status) : undefined)
    this.options.onEnd(this, status, performance.now() - this.startedAt)
  }
}
