/** The Grafana dashboard: its queries against PromQL's grammar and the metrics that there are, and its layout. */
import { parser } from '@prometheus-io/lezer-promql'
import { expect, test } from 'vitest'
import dashboard from '../grafana-dashboard.json' with { type: 'json' }

/** What `/metrics` exposes, by name, and the labels that each has of its own. */
const metrics: Readonly<Record<string, readonly string[]>> = {
  callbell_graphql_requests_total: ['operation', 'type', 'code'],
  callbell_graphql_request_duration_seconds_bucket: ['type', 'le'],
  callbell_graphql_fields_total: ['operation', 'field', 'outcome', 'code'],
  callbell_graphql_unknown_outcomes_total: ['field'],
  callbell_graphql_attempts_total: ['method', 'route', 'result'],
  callbell_graphql_upstream_duration_seconds_bucket: ['method', 'route', 'le'],
  callbell_graphql_retries_total: ['reason'],
  callbell_graphql_retry_budget_tokens: [],
  callbell_graphql_breaker_state: ['state'],
  callbell_graphql_queue_length: [],
  callbell_graphql_queue_wait_seconds_bucket: ['le'],
  callbell_graphql_in_flight_requests: [],
  callbell_graphql_pace_limit: [],
  callbell_graphql_pace_alone: [],
  callbell_graphql_upstream_rate_limited_total: [],
  callbell_graphql_reconciliations_total: ['result'],
  callbell_graphql_idempotency_total: ['result'],
  callbell_graphql_authentication_failures_total: ['code'],
  callbell_graphql_refusals_total: ['code'],
  callbell_graphql_connections: [],
  callbell_graphql_store_available: [],
  callbell_graphql_build_info: ['version'],
  process_cpu_seconds_total: [],
  process_resident_memory_bytes: [],
  nodejs_eventloop_lag_p99_seconds: [],
  nodejs_eventloop_lag_mean_seconds: [],
  nodejs_heap_size_used_bytes: [],
}

/** What grows for as long as a process runs, and says something by its growth only. */
const growing = /_(?:total|bucket)$/

const unknownOutcomes = 'UNKNOWN outcomes in the time shown'

const panels = dashboard.panels.filter(({ type }) => type !== 'row')
/** As Grafana asks them. */
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    promql: expr
      .replaceAll('$__rate_interval', '2m')
      .replaceAll('$__range', '6h')
      .replaceAll('$instance', '.*'),
  })),
)

interface Use {
  readonly metric: string
  /** What it is narrowed down by. */
  readonly matched: readonly string[]
  readonly isInRange: boolean
}

/** What a query asks for, and what it groups by; or that it is none. */
function read(promql: string) {
  const uses: Use[] = []
  const grouped: string[] = []
  let isValid = true
  const text = (node: { readonly from: number; readonly to: number }) => promql.slice(node.from, node.to)
  parser.parse(promql).iterate({
    enter(node) {
      if (node.type.isError) isValid = false
      if (node.name === 'VectorSelector') {
        const matchers = node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
        const name = node.node.getChild('Identifier')
        uses.push({
          metric: name === null ? '' : text(name),
          matched: matchers.flatMap((matcher) => matcher.getChildren('LabelName').map(text)),
          isInRange: node.node.parent?.name === 'MatrixSelector',
        })
      }
      if (node.name === 'GroupingLabels') grouped.push(...node.node.getChildren('LabelName').map(text))
    },
  })
  return { isValid, uses, grouped }
}

test('every query is PromQL', () => {
  expect(queries.length).toBeGreaterThan(40)
  expect(queries.filter(({ promql }) => !read(promql).isValid || promql.includes('$'))).toEqual([])
  expect(read('sum(rate(callbell_graphql_requests_total[5m])').isValid).toBe(false)
})

test('every metric of a query exists, and every metric is on the dashboard', () => {
  const named = queries.flatMap(({ promql }) => read(promql).uses.map(({ metric }) => metric))
  expect([...new Set(named)].toSorted()).toEqual(Object.keys(metrics).toSorted())
  const [, variable] = dashboard.templating.list
  expect(variable?.definition).toBe('label_values(callbell_graphql_build_info, instance)')
})

test('every query is of the replicas that are chosen, and groups by labels that there are', () => {
  const unknown = queries.flatMap(({ title, promql }) => {
    const { uses, grouped } = read(promql)
    const own = new Set(uses.flatMap(({ metric }) => metrics[metric] ?? []))
    return [
      ...uses.filter(({ matched }) => matched[0] !== 'instance').map(({ metric }) => `${title}: ${metric}`),
      ...uses.flatMap(({ metric, matched }) =>
        matched
          .filter((label) => !['instance', ...(metrics[metric] ?? [])].includes(label))
          .map((label) => `${title}: ${metric}{${label}}`),
      ),
      ...grouped.filter((label) => !own.has(label)).map((label) => `${title}: by (${label})`),
    ]
  })
  expect(unknown).toEqual([])
})

test('what only grows is asked how fast, and nothing else is', () => {
  const wrong = queries
    // This one also asks what a counter is that begins.
    .filter(({ title }) => title !== unknownOutcomes)
    .flatMap(({ promql }) =>
      read(promql).uses.filter(({ metric, isInRange }) => isInRange !== growing.test(metric)),
    )
  expect(wrong).toEqual([])
})

test('whether any outcome is UNKNOWN stands first, and is red above 0', () => {
  const [stat] = panels
  expect(stat?.title).toBe(unknownOutcomes)
  expect(stat?.gridPos).toMatchObject({ x: 0, y: 1 })
  expect(stat?.fieldConfig?.defaults.thresholds?.steps).toEqual([
    { color: 'green', value: null },
    { color: 'red', value: 1 },
  ])
})

test('every panel says what it means, and asks the data source that is chosen', () => {
  expect(panels.filter(({ description = '' }) => description.length < 60)).toEqual([])
  const sources = panels.map(({ datasource }) => datasource)
  expect(sources).toEqual(panels.map(() => ({ type: 'prometheus', uid: '${datasource}' })))
  expect(dashboard.templating.list.map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'datasource: datasource',
    'instance: query',
  ])
})

test('panels fill the grid, one beside the other, each with a number of its own', () => {
  const ids = dashboard.panels.map(({ id }) => id)
  expect(ids).toEqual(ids.map((_, index) => index + 1))
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => (y + Math.floor(index / w)) * 24 + x + (index % w)),
  )
  expect(cells.toSorted((one, other) => one - other)).toEqual(cells.map((_, index) => index))
})
