/** The metrics of `/metrics`: each with its name, its labels and its meaning. */
import type { Aggregator } from 'prom-client'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { creationKinds, idempotencyResults, verificationResults } from '../domain/call-observer.ts'

/** The current state of the process, read when the metrics are collected. */
export interface ProcessState {
  readonly breaker: 'closed' | 'half_open' | 'open'
  readonly breakerOpenings: number
  readonly queueLength: number
  readonly inFlight: number
  readonly limitInForce: number
  readonly isDegraded: boolean
  readonly retryTokens: number
  readonly connections: number
  readonly isStoreAvailable: boolean
  /** Whether a lookup of this kind has found something known to exist. */
  readonly isLookupProved: (kind: (typeof creationKinds)[number]) => boolean
}

export interface MetricsOptions {
  readonly version: string
  /** Names of the mutations. An alert needs their series to exist, as 0, before anything happens. */
  readonly mutations: readonly string[]
  /** Reads the metrics of all processes of the gateway. Default: of this process only. */
  readonly readAll?: (() => Promise<string>) | undefined
}

/** One value for each label. prom-client's own types accept a missing label, which would make another series. */
type Labels<L extends string> = Readonly<Record<L, string>>

interface LabeledCounter<L extends string> {
  /** @param by default 1; 0 creates the series before anything is counted */
  inc(labels: Labels<L>, by?: number): void
}

interface LabeledHistogram<L extends string> {
  observe(labels: Labels<L>, seconds: number): void
}

export type Metrics = ReturnType<typeof createMetrics>

const prefix = 'callbell_graphql_'
/** In seconds. The last exceeds the default deadline of a field. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
const breakerStates = ['closed', 'half_open', 'open'] as const

/** Creates the metrics. Every label has few values, and callers choose none of them, so memory is bounded. */
export function createMetrics({ version, mutations, readAll }: MetricsOptions) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  function counter<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): LabeledCounter<L> {
    return new Counter({ name: prefix + name, help, labelNames: [...labelNames], registers })
  }

  function histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): LabeledHistogram<L> {
    return new Histogram({ name: prefix + name, help, labelNames: [...labelNames], registers, buckets })
  }

  /** @param aggregator how the values of several processes are combined */
  function gauge<L extends string = never>(
    name: string,
    help: string,
    aggregator: Aggregator,
    collect: (gauge: Gauge<L>) => void | Promise<void>,
    labelNames: readonly L[] = [],
  ): Gauge<L> {
    return new Gauge({
      name: prefix + name,
      help,
      aggregator,
      labelNames: [...labelNames],
      registers,
      collect() {
        return collect(this)
      },
    })
  }

  const instruments = {
    requests: counter(
      'requests_total',
      'GraphQL requests by operation (a documented or persisted one, "(anonymous)" or "(other)"), type, and code: OK or that of the first error.',
      ['operation', 'type', 'code'],
    ),
    requestSeconds: histogram(
      'request_duration_seconds',
      'Seconds from the arrival of a GraphQL request to its response.',
      ['type'],
    ),
    fields: counter(
      'fields_total',
      'Fields that call Callbell, by result. The outcome is APPLIED, NOT_APPLIED or UNKNOWN for a mutation and empty for a query. The code is OK, USER_ERROR or an error code.',
      ['operation', 'field', 'outcome', 'code'],
    ),
    unknownOutcomes: counter(
      'unknown_outcomes_total',
      'Mutations that sent a request and whose outcome is UNKNOWN.',
      ['field'],
    ),
    attempts: counter(
      'attempts_total',
      'Attempts of requests to Callbell, by the status of the response or an error code. OVERLOADED and BREAKER_OPEN were not sent.',
      ['method', 'route', 'result'],
    ),
    upstreamSeconds: histogram(
      'upstream_duration_seconds',
      'Seconds from sending a request to Callbell to its complete response.',
      ['method', 'route'],
    ),
    queueSeconds: histogram(
      'queue_wait_seconds',
      'Seconds that requests to Callbell wait in the queue of the rate limiter.',
    ),
    retries: counter('retries_total', 'Retries, by the error code of the failed attempt.', ['reason']),
    rateLimited: counter('upstream_rate_limited_total', 'Responses of Callbell with status 429.'),
    reconciliations: counter(
      'reconciliations_total',
      'Verifications of an ambiguous create or note, by result: found, absent (proved), or inconclusive.',
      ['result'],
    ),
    idempotency: counter('idempotency_total', 'Calls with an idempotency key, by result.', ['result']),
    authenticationFailures: counter(
      'authentication_failures_total',
      'Requests whose caller was not authenticated or not permitted.',
      ['code'],
    ),
    refusals: counter(
      'refusals_total',
      'Requests rejected before execution, by error code, or by HTTP status where the request was not GraphQL.',
      ['code'],
    ),
  }
  for (const field of mutations) instruments.unknownOutcomes.inc({ field }, 0)
  for (const result of verificationResults) instruments.reconciliations.inc({ result }, 0)
  for (const result of idempotencyResults) instruments.idempotency.inc({ result }, 0)
  for (const code of ['UNAUTHENTICATED', 'AUTHENTICATION_UNAVAILABLE', 'FORBIDDEN']) {
    instruments.authenticationFailures.inc({ code }, 0)
  }
  gauge(
    'build_info',
    'The version of the gateway, as a label. The value is always 1.',
    'max',
    (info) => info.set({ version }, 1),
    ['version'],
  )

  return {
    ...instruments,
    registry,
    contentType: registry.contentType,
    /** @returns the metrics in Prometheus' text format */
    read: readAll ?? (() => registry.metrics()),
    /** Adds the metrics that are read from the state of the process. Call it once. */
    observe(state: () => Promise<ProcessState>): void {
      void new Counter({
        name: `${prefix}breaker_openings_total`,
        help: 'How often the circuit breaker has opened.',
        registers,
        async collect() {
          const { breakerOpenings } = await state()
          this.reset()
          this.inc(breakerOpenings)
        },
      })
      gauge(
        'breaker_state',
        '1 for the current state of the circuit breaker: closed, open (nothing is sent), or half_open (one request is sent as a probe).',
        'sum',
        async (states) => {
          const { breaker } = await state()
          for (const name of breakerStates) states.set({ state: name }, name === breaker ? 1 : 0)
        },
        ['state'],
      )
      gauge(
        'lookup_proved',
        '1 once a lookup has found something known to exist. Until then, no lookup proves absence.',
        'min',
        async (proved) => {
          const { isLookupProved } = await state()
          for (const kind of creationKinds) proved.set({ kind }, Number(isLookupProved(kind)))
        },
        ['kind'],
      )
      const numbers: readonly (readonly [
        name: string,
        help: string,
        aggregator: Aggregator,
        read: (now: ProcessState) => number,
      ])[] = [
        [
          'queue_length',
          'Requests to Callbell in the queue of the rate limiter.',
          'sum',
          (now) => now.queueLength,
        ],
        ['in_flight_requests', 'Requests to Callbell in flight.', 'sum', (now) => now.inFlight],
        [
          'pace_limit',
          'Requests to Callbell per second that the rate limiter permits now. It is below CALLBELL_MAX_RPS after a 429 and in degraded mode.',
          'min',
          (now) => now.limitInForce,
        ],
        [
          'pace_alone',
          '1 in degraded mode: the other replicas are unreachable, and this one limits itself to its own share.',
          'max',
          (now) => Number(now.isDegraded),
        ],
        [
          'retry_budget_tokens',
          'Tokens left for retries and lookups. 100 when full.',
          'min',
          (now) => now.retryTokens,
        ],
        ['connections', 'Open client connections.', 'sum', (now) => now.connections],
        [
          'store_available',
          '1 while the store of idempotency keys is reachable.',
          'min',
          (now) => Number(now.isStoreAvailable),
        ],
      ]
      for (const [name, help, aggregator, read] of numbers) {
        gauge(name, help, aggregator, async (number) => number.set(read(await state())))
      }
    },
  }
}
