/** The messages between the primary process and its workers. Both are processes of one version. */
import { z } from 'zod'

/**
 * Set in the environment of a worker. `cluster.isWorker` is not enough: process managers, such as pm2,
 * run a program as a worker of their own cluster.
 */
export const workerVariable = 'CALLBELL_GRAPHQL_WORKER'

/** JSON has no Infinity and no NaN; metrics have both. */
const anyNumber = z.custom<number>((value) => typeof value === 'number')

/** What `registry.getMetricsAsJSON()` of prom-client returns. */
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

const settings = z.object({
  /** The environment variables that all workers share. */
  variables: z.record(z.string(), z.string().optional()),
  /** Where the sandbox listens; null: requests go to Callbell. */
  sandbox: z.object({ url: z.string(), token: z.string() }).nullable(),
})
export type WorkerSettings = z.infer<typeof settings>

export const workerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), url: z.string() }),
  /** The worker cannot start, and exits. */
  z.object({ type: z.literal('startFailed'), reason: z.string() }),
  /** Asks for the metrics of all workers: the reply is `allMetrics` with the same id. */
  z.object({ type: z.literal('readAllMetrics'), id: z.string() }),
  /** The reply to `collectMetrics`. */
  z.object({ type: z.literal('metrics'), id: z.string(), metrics: metricList }),
])
export type WorkerMessage = z.infer<typeof workerMessage>

export const primaryMessage = z.discriminatedUnion('type', [
  /** The first message that a worker gets. */
  z.object({ type: z.literal('start'), settings }),
  /** Finish the requests in flight, then exit. */
  z.object({ type: z.literal('shutdown') }),
  /** Asks for the worker's own metrics: the reply is `metrics` with the same id. */
  z.object({ type: z.literal('collectMetrics'), id: z.string() }),
  /** The reply to `readAllMetrics`, in Prometheus' text format. */
  z.object({ type: z.literal('allMetrics'), id: z.string(), text: z.string() }),
])
export type PrimaryMessage = z.infer<typeof primaryMessage>
