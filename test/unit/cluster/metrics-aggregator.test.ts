import { expect, test } from 'vitest'
import {
  createMetricsAggregator,
  formatMetrics,
  listMetrics,
} from '../../../src/cluster/metrics-aggregator.ts'
import type { ProcessState } from '../../../src/telemetry/metrics.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const idle: ProcessState = {
  breaker: 'closed',
  breakerOpenings: 0,
  queueLength: 0,
  inFlight: 0,
  limitInForce: 300,
  isDegraded: false,
  retryTokens: 100,
  connections: 0,
  isStoreAvailable: true,
  isLookupProved: () => false,
}

/** The metrics of one process in this state. */
function createProcess(state: Partial<ProcessState> = {}) {
  const metrics = createMetrics({ version: '1.2.3', mutations: ['createContact'] })
  metrics.observe(async () => ({ ...idle, ...state }))
  return metrics
}

/** The gateway's own samples, and when it was started. */
function samplesIn(text: string): string[] {
  return text.split('\n').flatMap((line) => line.match(/^(?:callbell_graphql_|process_start).+/)?.[0] ?? [])
}

function valuesIn(text: string, ...names: readonly string[]): Record<string, number> {
  const samples = samplesIn(text).map((line) => line.replace('callbell_graphql_', '').split(/ (?=\S+$)/))
  return Object.fromEntries(
    samples.flatMap(([name = '', value]) => (names.includes(name) ? [[name, Number(value)]] : [])),
  )
}

test('the list of one process has its own metrics', async () => {
  const { registry, read, requests, requestSeconds } = createProcess({ limitInForce: Infinity })
  requests.inc({ operation: 'CreateContact', type: 'mutation', code: 'OK' }, 3)
  requestSeconds.observe({ type: 'mutation' }, 0.02)
  const written = await formatMetrics([await listMetrics(registry)])
  expect(samplesIn(written)).toEqual(samplesIn(await read()))
  expect(samplesIn(written)).toContain('callbell_graphql_pace_limit +Inf')
})

test('counters and queues are summed, limits are the lowest, and problems of one process are reported', async () => {
  const one = createProcess({
    queueLength: 2,
    inFlight: 3,
    connections: 4,
    retryTokens: 90,
    limitInForce: 75,
  })
  const other = createProcess({
    queueLength: 1,
    inFlight: 1,
    connections: 1,
    breaker: 'open',
    breakerOpenings: 2,
    isDegraded: true,
    isStoreAvailable: false,
  })
  one.rateLimited.inc({}, 2)
  other.rateLimited.inc({}, 5)
  one.queueSeconds.observe({}, 0.02)
  other.queueSeconds.observe({}, 0.3)
  const written = await formatMetrics([await listMetrics(one.registry), await listMetrics(other.registry)])
  const expected = {
    queue_length: 3,
    in_flight_requests: 4,
    connections: 5,
    retry_budget_tokens: 90,
    pace_limit: 75,
    pace_alone: 1,
    store_available: 0,
    breaker_openings_total: 2,
    'breaker_state{state="closed"}': 1,
    'breaker_state{state="half_open"}': 0,
    'breaker_state{state="open"}': 1,
    'build_info{version="1.2.3"}': 1,
    upstream_rate_limited_total: 7,
    queue_wait_seconds_count: 2,
    queue_wait_seconds_sum: 0.32,
    'queue_wait_seconds_bucket{le="0.025"}': 1,
    'queue_wait_seconds_bucket{le="0.5"}': 2,
  }
  expect(valuesIn(written, ...Object.keys(expected))).toEqual(expected)
})

test('the counts of a worker that has exited are kept, and nothing else', async () => {
  const [exited, running] = [createProcess({ connections: 7 }), createProcess({ connections: 1 })]
  exited.rateLimited.inc({}, 2)
  exited.queueSeconds.observe({}, 0.02)
  const aggregator = createMetricsAggregator()
  const readers = new Map([
    [1, () => listMetrics(exited.registry)],
    [2, () => listMetrics(running.registry)],
  ])
  const names = ['upstream_rate_limited_total', 'queue_wait_seconds_count', 'connections'] as const
  const [rateLimited, queued, connections] = names
  const both = { [rateLimited]: 2, [queued]: 1, [connections]: 8 }
  expect(valuesIn(await aggregator.collect(readers), ...names)).toEqual(both)
  readers.delete(1)
  aggregator.retire(1)
  expect(valuesIn(await aggregator.collect(readers), ...names)).toEqual({ ...both, [connections]: 1 })
  // Its successor starts at zero, and adds to what it counted.
  const successor = createProcess({ connections: 3 })
  successor.rateLimited.inc({}, 5)
  readers.set(3, () => listMetrics(successor.registry))
  const all = { [rateLimited]: 7, [queued]: 1, [connections]: 4 }
  expect(valuesIn(await aggregator.collect(readers), ...names)).toEqual(all)
})

test('a worker that does not reply is reported with its last known metrics', async () => {
  const worker = createProcess({ connections: 7 })
  const aggregator = createMetricsAggregator()
  await aggregator.collect(new Map([[1, () => listMetrics(worker.registry)]]))
  const silent = new Map([[1, () => Promise.reject(new Error('timeout'))]])
  expect(valuesIn(await aggregator.collect(silent), 'connections')).toEqual({ connections: 7 })
})

test('a worker that exits during a collection is counted once', async () => {
  const worker = createProcess()
  worker.rateLimited.inc({}, 2)
  const aggregator = createMetricsAggregator()
  const readers = new Map([[1, () => listMetrics(worker.registry)]])
  await aggregator.collect(readers)
  const collecting = aggregator.collect(readers)
  readers.delete(1)
  aggregator.retire(1)
  expect(valuesIn(await collecting, 'upstream_rate_limited_total')).toEqual({
    upstream_rate_limited_total: 2,
  })
})
