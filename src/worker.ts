/** One of several processes that serve one port, started by `src/primary.ts`, which it asks for all that they share. */
import cluster from 'node:cluster'
import { z } from 'zod'
import { openLog, openOwnStore, prepareRuntime, readSettings, StartFailure } from './process.ts'
import type { Serving } from './serve.ts'
import { serve } from './serve.ts'
import { isForReplicas } from './store/open-store.ts'
import { listMetrics } from './telemetry/metric-list.ts'
import { openUpstream } from './upstream.ts'
import { createPeer } from './workers/peer.ts'
import { createPrimaryStore } from './workers/primary-store.ts'
import type { WorkerQuestion } from './workers/questions.ts'
import { commission, primaryQuestion } from './workers/questions.ts'

/** When all workers start at once, everything takes its time. */
const startPatienceMs = 30_000
/** The primary asks all workers, and waits a second for each. */
const metricsPatienceMs = 3000

let serving: Serving | undefined
let isEnding = false

/** Whoever says it, and however often: a terminal tells all its processes, and so does the primary. */
async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  // One that does not serve yet has started nothing.
  if (serving === undefined) process.exit()
  await serving.end()
  // Else the primary would hold it.
  cluster.worker?.disconnect()
}

function answer(asked: unknown): unknown {
  const question = primaryQuestion.parse(asked)
  if (question.kind === 'metrics') return serving ? listMetrics(serving.metrics.registry) : []
  void end()
  return undefined
}

const ask = createPeer(
  {
    send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    receive: (listener) => void process.on('message', listener),
  },
  answer,
)
const askPrimary = (question: WorkerQuestion, patienceMs?: number): Promise<unknown> =>
  ask(question, patienceMs)

async function start(): Promise<Serving> {
  prepareRuntime()
  const { worker, variables, sandbox } = commission.parse(
    await askPrimary({ kind: 'start' }, startPatienceMs),
  )
  const { config } = readSettings(() => variables)
  const log = openLog(config).child({ worker })
  return serve({
    config,
    log,
    store: isForReplicas(config.storeUrl) ? await openOwnStore(config, log) : createPrimaryStore(ask),
    upstream: sandbox ?? (await openUpstream(config)),
    readAllMetrics: async () => z.string().parse(await askPrimary({ kind: 'metrics' }, metricsPatienceMs)),
  })
}

process.on('SIGTERM', () => void end())
process.on('SIGINT', () => void end())
try {
  serving = await start()
  await askPrimary({ kind: 'serving', url: serving.url, pid: process.pid }, startPatienceMs)
} catch (error) {
  const reason =
    error instanceof StartFailure ? error.message : String(error instanceof Error ? error.stack : error)
  await askPrimary({ kind: 'failed', reason }).catch(() => undefined)
  process.exit(1)
}
