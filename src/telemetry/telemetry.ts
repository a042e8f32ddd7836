/** The three readers of what happens: the log, the metrics and the traces. */
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import { RequestActivity } from './request-activity.ts'
import { headlineOf, lineOf } from './request-line.ts'
import type { StartTrace } from './span.ts'

export interface TelemetryOptions {
  readonly log: Logger
  readonly metrics: Metrics
  /** Undefined: nothing is traced. */
  readonly startTrace?: StartTrace | undefined
  /** Share of the requests without an error that leave a line, from 0 to 1. */
  readonly logSample: number
  /** Names of operations that are counted apart. */
  readonly knownOperations: Iterable<string>
}

export class Telemetry {
  readonly log: Logger
  readonly metrics: Metrics
  readonly startTrace: StartTrace | undefined
  private readonly logSample: number
  private readonly knownOperations: ReadonlySet<string>

  constructor({ log, metrics, startTrace, logSample, knownOperations }: TelemetryOptions) {
    this.log = log
    this.metrics = metrics
    this.startTrace = startTrace
    this.logSample = logSample
    this.knownOperations = new Set(knownOperations)
  }

  /** A GraphQL request has come in. */
  request(requestId: string): RequestActivity {
    return new RequestActivity(this, requestId)
  }

  /** A request was not served. @param code of the error, or the HTTP status where there was none */
  countRefusal(code: string): void {
    const { refusals, authenticationFailures } = this.metrics
    refusals.inc({ code })
    if (authenticationCodes.has(code)) authenticationFailures.inc({ code })
  }

  /** Callers name operations as they like, and each name that is counted takes memory for good. */
  operationLabel(name: string | undefined): string {
    if (name === undefined) return '(anonymous)'
    return this.knownOperations.has(name) ? name : '(other)'
  }

  logRequest(activity: RequestActivity, status: number, durationMs: number): void {
    const [level, message] = headlineOf(activity)
    if (!this.log.isLevelEnabled(level)) return
    const isSampled = activity.code !== undefined || this.logSample >= 1 || Math.random() < this.logSample
    if (!isSampled) return
    const line = lineOf(activity, status, durationMs)
    // Whoever counts lines has to know how many each stands for.
    const isShare = activity.code === undefined && this.logSample < 1
    this.log[level](isShare ? { ...line, sample: this.logSample } : line, message)
  }
}

const authenticationCodes: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'AUTHENTICATION_UNAVAILABLE',
  'FORBIDDEN',
])
