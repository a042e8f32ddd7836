/**
 * The metrics of all workers, those that have ended included: for whoever reads them, the gateway is
 * one, and what it has counted does not go down when a worker is replaced.
 */
import type { MetricList } from '../telemetry/metric-list.ts'
import { metricList, sumCounts, writeMetrics } from '../telemetry/metric-list.ts'
import type { Ask } from './peer.ts'
import type { PrimaryQuestion } from './questions.ts'

export interface MetricsGathering {
  /** Asks all who serve. One that does not answer is told of as it was last. */
  readonly read: (workers: ReadonlyMap<number, Ask>) => Promise<string>
  /** What a worker counted after it was last asked is lost with it, and nobody has been told of it. */
  readonly forget: (worker: number) => void
}

export function createMetricsGathering(): MetricsGathering {
  const latest = new Map<number, MetricList>()
  let ofEnded: MetricList = []

  return {
    async read(workers) {
      const question: PrimaryQuestion = { kind: 'metrics' }
      const asking = [...workers].map(async ([worker, ask]) => {
        const list = metricList.parse(await ask(question))
        // One that has ended meanwhile is counted already.
        if (workers.has(worker)) latest.set(worker, list)
      })
      await Promise.allSettled(asking)
      return writeMetrics([...latest.values(), ofEnded])
    },
    forget(worker) {
      ofEnded = sumCounts([ofEnded, latest.get(worker) ?? []])
      latest.delete(worker)
    },
  }
}
