/** What workers and the primary ask each other. */
import { z } from 'zod'
import { storeQuestion } from './store-questions.ts'

export const workerQuestion = z.discriminatedUnion('kind', [
  /** What it is to be: answered by a `Commission`. */
  z.object({ kind: z.literal('start') }),
  /** Told when it listens. */
  z.object({ kind: z.literal('serving'), url: z.string(), pid: z.number() }),
  /** Told when it can't start, and ends. */
  z.object({ kind: z.literal('failed'), reason: z.string() }),
  /** The metrics of all workers, as text. */
  z.object({ kind: z.literal('metrics') }),
  storeQuestion,
])
export type WorkerQuestion = z.infer<typeof workerQuestion>

export const commission = z.object({
  /** Its number, which no other worker has or had. */
  worker: z.number(),
  /** The settings that all have. */
  variables: z.record(z.string(), z.string().optional()),
  /** Where the one sandbox is; null: contacts go to Callbell. */
  sandbox: z.object({ url: z.string(), token: z.string() }).nullable(),
})
export type Commission = z.infer<typeof commission>

export const primaryQuestion = z.discriminatedUnion('kind', [
  /** To finish what it has started, and end. Answered at once. */
  z.object({ kind: z.literal('end') }),
  /** Its own metrics: answered by a `MetricList`. */
  z.object({ kind: z.literal('metrics') }),
])
export type PrimaryQuestion = z.infer<typeof primaryQuestion>
