/** Writes the record of each request to the log, the metrics and the traces. */
import type { CallObserver } from '../domain/call-observer.ts'
import { FieldRecorder } from './field-recorder.ts'
import type { Logger } from '../domain/logger.ts'
import type { Metrics } from './metrics.ts'
import { createOperationLabel } from './known-operations.ts'
import type { RequestRecorderOptions } from './request-recorder.ts'
import { RequestRecorder } from './request-recorder.ts'
import { classify, accessLogEntry } from './access-log.ts'
import type { RequestRecord } from './request-record.ts'
import type { StartTrace } from './span.ts'

export interface TelemetryOptions {
  readonly log: Logger
  readonly metrics: Metrics
  /** Undefined where tracing is off. */
  readonly startTrace?: StartTrace | undefined
  /** Callbell's URL. */
  readonly upstreamUrl: string
  /** The ratio of requests without an error that are logged, from 0 to 1. */
  readonly logSample: number
  /** Names of operations that have a metric label of their own. */
  readonly knownOperations: Iterable<string>
}

/** A request that was rejected before it was a GraphQL request. */
export interface RejectedRequest {
  /** As in the response's `x-request-id`. */
  readonly requestId: string
  readonly address: string | undefined
  /** Of the HTTP response. */
  readonly status: number
  /** Of the error; undefined where the response has none. */
  readonly code?: string | undefined
  /** A fixed message. */
  readonly reason: string
}

export interface Telemetry {
  readonly log: Logger
  readonly metrics: Metrics
  /** Starts the record of a GraphQL request. */
  request(requestId: string): RequestRecorder
  /** Observes the gateway's own calls to Callbell, which metrics count, too. */
  readonly background: CallObserver
  /** Logs and counts a request that was rejected before it was a GraphQL request. */
  readonly rejected: (rejected: RejectedRequest) => void
  /** Counts a request whose caller is not authenticated or not permitted. */
  countAuthenticationFailure(code: string): void
}

const authenticationCodes: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'AUTHENTICATION_UNAVAILABLE',
  'FORBIDDEN',
])

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { log, metrics, startTrace, logSample } = options
  const { protocol, hostname, port } = new URL(options.upstreamUrl)
  const upstream = {
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  }
  const labelOf = createOperationLabel(options.knownOperations)

  function countRejection(code: string): void {
    metrics.refusals.inc({ code })
  }

  function countAuthenticationFailure(code: string): void {
    countRejection(code)
    metrics.authenticationFailures.inc({ code })
  }

  function count(
    { operation, code = 'OK', fields, hasUnexpectedError }: RequestRecord,
    durationMs: number,
  ): void {
    const type = operation?.type ?? 'none'
    metrics.requests.inc({ operation: labelOf(operation), type, code })
    metrics.requestSeconds.observe({ type }, durationMs / 1000)
    if (code === 'OK' || hasUnexpectedError || fields.length > 0) return
    if (authenticationCodes.has(code)) countAuthenticationFailure(code)
    else countRejection(code)
  }

  function write(record: RequestRecord, status: number, durationMs: number): void {
    const [level, message] = classify(record)
    if (!log.isLevelEnabled(level)) return
    const isSampled = record.code === undefined && logSample < 1
    if (isSampled && Math.random() >= logSample) return
    const line = accessLogEntry(record, status, durationMs)
    // A reader that counts lines needs the ratio.
    log[level](isSampled ? { ...line, sample: logSample } : line, message)
  }

  const recorderOptions: RequestRecorderOptions = {
    metrics,
    startTrace,
    upstream,
    onFieldEnd(operation, { field: { name: field, requests }, end: { outcome = '', code } }) {
      metrics.fields.inc({ operation: labelOf(operation), field, outcome, code })
      // A field that sent nothing repeats the unknown outcome of another call, which has been counted.
      if (outcome === 'UNKNOWN' && requests > 0) metrics.unknownOutcomes.inc({ field })
    },
    onEnd(record, status, durationMs) {
      count(record, durationMs)
      write(record, status, durationMs)
    },
  }

  return {
    log,
    metrics,
    rejected(rejected) {
      log.info(rejected, 'a request was refused')
      countRejection(rejected.code ?? String(rejected.status))
    },
    countAuthenticationFailure,
    background: new FieldRecorder({
      name: 'background',
      metrics,
      span: undefined,
      upstream,
      onSent: () => undefined,
      onEnd: () => undefined,
    }),
    request: (requestId) => new RequestRecorder(requestId, recorderOptions),
  }
}
