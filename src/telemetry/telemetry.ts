/** The three readers of what happens, the log, the metrics and the traces, and what each is told. */
import type { CallWatch } from '../watch.ts'
import { FieldActivity } from './field-activity.ts'
import type { Logger } from '../domain/logger.ts'
import type { Metrics } from './metrics.ts'
import { createOperationLabel } from './known-operations.ts'
import type { RequestActivityOptions } from './request-activity.ts'
import { RequestActivity } from './request-activity.ts'
import { headlineOf, lineOf } from './request-line.ts'
import type { RequestRecord } from './request-record.ts'
import type { StartTrace } from './span.ts'

export interface TelemetryOptions {
  readonly log: Logger
  readonly metrics: Metrics
  /** Undefined: nothing is traced. */
  readonly startTrace?: StartTrace | undefined
  /** Callbell's URL. */
  readonly upstreamUrl: string
  /** Share of the requests without an error that leave a line, from 0 to 1. */
  readonly logSample: number
  /** Names of operations that are counted apart. */
  readonly knownOperations: Iterable<string>
}

/** What was no GraphQL request yet. */
export interface RefusedRequest {
  readonly requestId: string
  readonly address: string | undefined
  /** Of the HTTP answer. */
  readonly status: number
  /** Of the error; undefined where the answer has none. */
  readonly code?: string | undefined
  /** In words of ours. */
  readonly reason: string
}

export interface Telemetry {
  readonly log: Logger
  readonly metrics: Metrics
  /** A GraphQL request has come in. */
  request(requestId: string): RequestActivity
  /** What the gateway asks of Callbell by itself is counted, too. */
  readonly background: CallWatch
  /** Something was refused before it was a GraphQL request. */
  readonly refused: (refused: RefusedRequest) => void
  /** A request was not served because of who sent it, or nobody knows who. */
  countStranger(code: string): void
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

  function countRefusal(code: string): void {
    metrics.refusals.inc({ code })
  }

  function countStranger(code: string): void {
    countRefusal(code)
    metrics.authenticationFailures.inc({ code })
  }

  function count({ operation, code = 'OK', fields, hasBug }: RequestRecord, durationMs: number): void {
    const type = operation?.type ?? 'none'
    metrics.requests.inc({ operation: labelOf(operation), type, code })
    metrics.requestSeconds.observe({ type }, durationMs / 1000)
    if (code === 'OK' || hasBug || fields.length > 0) return
    if (authenticationCodes.has(code)) countStranger(code)
    else countRefusal(code)
  }

  function write(record: RequestRecord, status: number, durationMs: number): void {
    const [level, message] = headlineOf(record)
    if (!log.isLevelEnabled(level)) return
    const isShare = record.code === undefined && logSample < 1
    if (isShare && Math.random() >= logSample) return
    const line = lineOf(record, status, durationMs)
    // Whoever counts lines has to know how many each stands for.
    log[level](isShare ? { ...line, sample: logSample } : line, message)
  }

  const ofEachRequest: RequestActivityOptions = {
    metrics,
    startTrace,
    upstream,
    onFieldEnd(operation, { field: { name: field, requests }, end: { outcome = '', code } }) {
      metrics.fields.inc({ operation: labelOf(operation), field, outcome, code })
      // Of one that sent nothing, another call is unknown, and that one has been counted.
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
    refused(refused) {
      log.info(refused, 'a request was refused')
      countRefusal(refused.code ?? String(refused.status))
    },
    countStranger,
    background: new FieldActivity({
      name: 'background',
      metrics,
      span: undefined,
      upstream,
      onSent: () => undefined,
      onEnd: () => undefined,
    }),
    request: (requestId) => new RequestActivity(requestId, ofEachRequest),
  }
}
