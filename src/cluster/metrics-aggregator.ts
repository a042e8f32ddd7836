/**
 * The metrics of all workers as one list: counters and histograms are summed, gauges are aggregated as
 * each declares.
 *
 * `AggregatorRegistry.aggregate` of prom-client does the arithmetic. Its `clusterMetrics()` is not used:
 * it forgets workers that have exited, and one worker that does not reply fails the whole scrape. A
 * counter that goes backwards is a reset to Prometheus, which would count the other workers' totals again.
 */
import type { Registry } from 'prom-client'
import { AggregatorRegistry } from 'prom-client'
import type { MetricList } from './messages.ts'
import { metricList } from './messages.ts'

export interface MetricsAggregator {
  /**
   * Aggregates the metrics of these workers and the last known counts of those that have exited.
   *
   * @param workers collects a worker's metrics, by its id; where it rejects, the worker's last known
   *   metrics are used
   * @returns Prometheus' text format
   */
  collect(workers: ReadonlyMap<number, () => Promise<MetricList>>): Promise<string>
  /** A worker has exited. What it counted since the last `collect` is lost, and was never reported. */
  retire(worker: number): void
}

export function createMetricsAggregator(): MetricsAggregator {
  const latest = new Map<number, MetricList>()
  let retired: MetricList = []

  return {
    async collect(workers) {
      const collecting = [...workers].map(async ([worker, read]) => {
        const list = await read()
        // If it has exited meanwhile, it is counted among the retired.
        if (workers.has(worker)) latest.set(worker, list)
      })
      await Promise.allSettled(collecting)
      return formatMetrics([...latest.values(), retired])
    },
    retire(worker) {
      retired = sumCounts([retired, latest.get(worker) ?? []])
      latest.delete(worker)
    },
  }
}

/** @returns the metrics of one process, to be aggregated with those of others */
export async function listMetrics(registry: Registry): Promise<MetricList> {
  const list = metricList.parse(await registry.getMetricsAsJSON())
  for (const metric of list) {
    // The start time of a process: prom-client leaves it out of aggregates. The first start is the gateway's.
    if (metric.aggregator === 'omit') metric.aggregator = 'min'
  }
  return list
}

/** @returns the aggregate in Prometheus' text format */
export function formatMetrics(lists: readonly MetricList[]): Promise<string> {
  return AggregatorRegistry.aggregate([...lists]).metrics()
}

/** @returns the sum of what only ever goes up: counters and histograms */
function sumCounts(lists: readonly MetricList[]): MetricList {
  const counts = lists.map((list) => list.filter(({ type }) => type === 'counter' || type === 'histogram'))
  return metricList.parse(AggregatorRegistry.aggregate(counts).getMetricsAsArray())
}
