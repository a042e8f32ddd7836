/** The Grafana dashboard: its layout, and its queries against PromQL's grammar and the existing metrics. */
import { parser } from '@prometheus-io/lezer-promql'
import { Histogram } from 'prom-client'
import { expect, test } from 'vitest'
import dashboard from '../../../deploy/grafana-dashboard.json' with { type: 'json' }
import { createMetrics } from '../../../src/telemetry/metrics.ts'

/** The metrics that `/metrics` exposes, by name, with their own labels. */
const metrics = readRegistry()

function readRegistry(): Readonly<Record<string, readonly string[]>> {
  const created = createMetrics({ version: '1.2.3', mutations: [] })
  created.observe(() => Promise.reject(new Error('nobody asks')))
  const all = created.registry.getMetricsAsArray().flatMap((metric) => {
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : []
    return metric instanceof Histogram
      ? [
          [`${metric.name}_bucket`, [...labels, 'le']],
          [`${metric.name}_count`, labels],
        ]
      : [[metric.name, labels]]
  })
  return Object.fromEntries(all)
}

/** Series that only grow. Only their rate is meaningful. */
const growing = /_(?:total|bucket|count)$/

const unknownOutcomes = 'UNKNOWN outcomes in the time shown'

const panels = dashboard.panels.filter(({ type }) => type !== 'row')
/** The queries with Grafana's variables replaced. */
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
  /** Its label matchers. */
  readonly matched: readonly string[]
  readonly isInRange: boolean
}

/** @returns the metrics that a query reads, its grouping labels, and whether it is valid */
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
  expect(named.filter((name) => !(name in metrics))).toEqual([])
  // The count of a histogram and Node's own metrics need not be on the dashboard.
  const ours = Object.keys(metrics).filter((name) => /^callbell_graphql_(?!.*_count$)/.test(name))
  expect(ours.length).toBeGreaterThan(20)
  expect(ours.filter((name) => !named.includes(name))).toEqual([])
  const [, variable] = dashboard.templating.list
  expect(variable?.definition).toBe('label_values(callbell_graphql_build_info, instance)')
})

test('every query filters by the chosen replicas, and groups by existing labels', () => {
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

test('counters are read as rates, and nothing else is', () => {
  const wrong = queries
    // This query also reads the first value of a new counter.
    .filter(({ title }) => title !== unknownOutcomes)
    .flatMap(({ promql }) =>
      read(promql).uses.filter(({ metric, isInRange }) => isInRange !== growing.test(metric)),
    )
  expect(wrong).toEqual([])
})

test('the number of UNKNOWN outcomes comes first, and is red above 0', () => {
  const [stat] = panels
  expect(stat?.title).toBe(unknownOutcomes)
  expect(stat?.gridPos).toMatchObject({ x: 0, y: 1 })
  expect(stat?.fieldConfig?.defaults.thresholds?.steps).toEqual([
    { color: 'green', value: null },
    { color: 'red', value: 1 },
  ])
})

test('every panel has a description, and reads the chosen data source', () => {
  expect(panels.filter(({ description = '' }) => description.length < 60)).toEqual([])
  const sources = panels.map(({ datasource }) => datasource)
  expect(sources).toEqual(panels.map(() => ({ type: 'prometheus', uid: '${datasource}' })))
  expect(dashboard.templating.list.map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'datasource: datasource',
    'instance: query',
  ])
})

test('panels fill the grid without overlap, each with its own id', () => {
  const ids = dashboard.panels.map(({ id }) => id)
  expect(ids).toEqual(ids.map((_, index) => index + 1))
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => (y + Math.floor(index / w)) * 24 + x + (index % w)),
  )
  expect(cells.toSorted((one, other) => one - other)).toEqual(cells.map((_, index) => index))
})
