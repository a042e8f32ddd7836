/** Metrics as data, which processes send each other, and what several of them come to. */
import type { Registry } from 'prom-client'
import { AggregatorRegistry } from 'prom-client'
import { z } from 'zod'

/** Infinity and NaN are numbers here. */
const anyNumber = z.custom<number>((value) => typeof value === 'number')

export const metricList = z.array(
  z.object({
    name: z.string(),
    help: z.string(),
    type: z.string(),
    aggregator: z.string(),
    values: z.array(
      z.object({
        value: anyNumber,
        labels: z.record(z.string(), z.union([z.string(), anyNumber])),
        metricName: z.string().optional(),
      }),
    ),
  }),
)
export type MetricList = z.infer<typeof metricList>

export async function listMetrics(registry: Registry): Promise<MetricList> {
  const list = metricList.parse(await registry.getMetricsAsJSON())
  for (const metric of list) {
    // When the first process started: Node's own metrics would be left out of sums.
    if (metric.aggregator === 'omit') metric.aggregator = 'min'
  }
  return list
}

/** In Prometheus' text format: each metric added up, or as its `aggregator` says. */
export function writeMetrics(lists: readonly MetricList[]): Promise<string> {
  return AggregatorRegistry.aggregate([...lists]).metrics()
}

/** What may only ever go up, of a process that has ended and of others before it. */
export function sumCounts(lists: readonly MetricList[]): MetricList {
  const counts = lists.map((list) => list.filter(({ type }) => type === 'counter' || type === 'histogram'))
  return metricList.parse(AggregatorRegistry.aggregate(counts).getMetricsAsArray())
}
