/** What `/metrics` tells: every instrument, with its name, its labels and what it means. */
import type { Aggregator } from 'prom-client'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { creationKinds, keyResults, lookResults } from '../watch.ts'

/** How things stand in the process, asked for when somebody reads the metrics. */
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
  /** Whether lookups of this kind have found what was surely there. */
  readonly isLookupProved: (kind: (typeof creationKinds)[number]) => boolean
}

export interface MetricsOptions {
  readonly version: string
  /** Names of the mutations: what is to be alarmed about must be there, as 0, before it happens. */
  readonly mutations: readonly string[]
  /** Where several processes are one gateway: reads what all of them count. Default: this one alone. */
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
/** Seconds. The last is beyond the usual deadline of a field. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
const breakerStates = ['closed', 'half_open', 'open'] as const

/** Every label has few values, none of which a caller can choose: what is counted takes a bounded memory. */
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

  /** @param aggregator what several processes come to together */
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
      'GraphQL requests by operation (a documented or persisted one, "(anonymous)" or "(other)"), type, and OK or the code of the first error.',
      ['operation', 'type', 'code'],
    ),
    requestSeconds: histogram('request_duration_seconds', 'From a GraphQL request’s arrival to its answer.', [
      'type',
    ]),
    fields: counter(
      'fields_total',
      'Fields that call Callbell, by what became of them: outcome is APPLIED, NOT_APPLIED or UNKNOWN of a mutation and empty of a query, code is OK, USER_ERROR or an error’s.',
      ['operation', 'field', 'outcome', 'code'],
    ),
    unknownOutcomes: counter(
      'unknown_outcomes_total',
      'Mutations that sent something, and of which nobody could tell whether they were applied.',
      ['field'],
    ),
    attempts: counter(
      'attempts_total',
      'Requests to Callbell, each try counted, by the status of the answer or the code of what went wrong; of OVERLOADED and BREAKER_OPEN nothing was sent.',
      ['method', 'route', 'result'],
    ),
    upstreamSeconds: histogram(
      'upstream_duration_seconds',
      'From a request’s leaving for Callbell to its whole answer.',
      ['method', 'route'],
    ),
    queueSeconds: histogram('queue_wait_seconds', 'Waiting for a turn in the line for Callbell.'),
    retries: counter('retries_total', 'Attempts made again, by the code of the one before.', ['reason']),
    rateLimited: counter('upstream_rate_limited_total', 'Answers 429 of Callbell.'),
    reconciliations: counter(
      'reconciliations_total',
      'Looking what became of a create or a note: found, surely nothing there, or unclear.',
      ['result'],
    ),
    idempotency: counter('idempotency_total', 'Calls with an idempotency key, by what it came to.', [
      'result',
    ]),
    authenticationFailures: counter(
      'authentication_failures_total',
      'Requests whose caller was not let in.',
      ['code'],
    ),
    refusals: counter(
      'refusals_total',
      'Requests that were refused before anything ran, by code, or by HTTP status where it was no GraphQL request.',
      ['code'],
    ),
  }
  for (const field of mutations) instruments.unknownOutcomes.inc({ field }, 0)
  for (const result of lookResults) instruments.reconciliations.inc({ result }, 0)
  for (const result of keyResults) instruments.idempotency.inc({ result }, 0)
  for (const code of ['UNAUTHENTICATED', 'AUTHENTICATION_UNAVAILABLE', 'FORBIDDEN']) {
    instruments.authenticationFailures.inc({ code }, 0)
  }
  gauge('build_info', 'The gateway’s version; always 1.', 'max', (info) => info.set({ version }, 1), [
    'version',
  ])

  return {
    ...instruments,
    registry,
    contentType: registry.contentType,
    /** In Prometheus' text format. */
    read: readAll ?? (() => registry.metrics()),
    /** Adds what is not counted but looked at. To be called once. */
    observe(state: () => Promise<ProcessState>): void {
      void new Counter({
        name: `${prefix}breaker_openings_total`,
        help: 'How often Callbell was found to be down.',
        registers,
        async collect() {
          const { breakerOpenings } = await state()
          this.reset()
          this.inc(breakerOpenings)
        },
      })
      gauge(
        'breaker_state',
        '1 for the state that the breaker is in: closed, open (nothing is sent), or half-open (one request tries).',
        'sum',
        async (states) => {
          const { breaker } = await state()
          for (const name of breakerStates) states.set({ state: name }, name === breaker ? 1 : 0)
        },
        ['state'],
      )
      gauge(
        'lookup_proved',
        '1 once a lookup has found what was surely there: before that, no lookup proves that nothing was created.',
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
        ['queue_length', 'Requests that wait for their turn.', 'sum', (now) => now.queueLength],
        ['in_flight_requests', 'Requests to Callbell that are unanswered.', 'sum', (now) => now.inFlight],
        [
          'pace_limit',
          'Requests to Callbell per second that are let through now: less than CALLBELL_MAX_RPS after a 429 and while the other replicas can’t be asked.',
          'min',
          (now) => now.limitInForce,
        ],
        [
          'pace_alone',
          '1 while the other replicas can’t be asked, so that this one keeps to a share of its own.',
          'max',
          (now) => Number(now.isDegraded),
        ],
        [
          'retry_budget_tokens',
          'Retries and lookups that may be made now; 100 when full.',
          'min',
          (now) => now.retryTokens,
        ],
        ['connections', 'Open connections of callers.', 'sum', (now) => now.connections],
        [
          'store_available',
          '1 while the store of idempotency keys answers.',
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
