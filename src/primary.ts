/**
 * The process in front of several workers: it starts them, keeps them running, and holds what they
 * share, so that all together are one gateway. It answers no caller itself.
 */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from './config.ts'
import { codeRoot } from './package-root.ts'
import type { Variables } from './process.ts'
import { announce, fail, openOwnStore, readEnvironment, StartFailure } from './process.ts'
import { isForReplicas } from './store/open-store.ts'
import type { Logger } from './telemetry/log.ts'
import { openUpstream } from './upstream.ts'
import { startCrew } from './workers/crew.ts'
import { createMetricsGathering } from './workers/metrics-gathering.ts'
import type { Commission } from './workers/questions.ts'
import { workerQuestion } from './workers/questions.ts'
import { createStoreService } from './workers/store-service.ts'

/** Beside this file, as source or compiled. */
const workerFile = fileURLToPath(new URL(`worker${extname(import.meta.filename)}`, codeRoot))

/** What a worker may take to end beyond the deadline of a field: to answer it, and to be rid of traces. */
const endGraceMs = 5000

/** @throws StartFailure */
export async function startPrimary(config: Config, variables: Variables, log: Logger): Promise<void> {
  // A store that is made for replicas is opened by each worker.
  const store = isForReplicas(config.storeUrl) ? undefined : await openOwnStore(config, log)
  const upstream = await openUpstream(config)
  const answerOfStore = store && createStoreService(store)
  const metrics = createMetricsGathering()
  let url = ''

  function commissionOf(worker: number): Commission {
    const { GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE } = readEnvironment()
    return {
      worker,
      // Nobody becomes another gateway by starting later; but keys that were withdrawn stay so.
      variables: { ...variables, GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE },
      sandbox: config.callbell ? null : { url: upstream.url, token: upstream.token },
    }
  }

  async function answer(asked: unknown, worker: number): Promise<unknown> {
    const question = workerQuestion.parse(asked)
    if (question.kind === 'start') return commissionOf(worker)
    if (question.kind === 'serving') return welcome(worker, question)
    if (question.kind === 'failed') return giveUp(worker, question.reason)
    if (question.kind === 'metrics') return metrics.read(crew.serving)
    return answerOfStore?.(question, worker)
  }

  function welcome(worker: number, where: { readonly url: string; readonly pid: number }): void {
    url = where.url
    log.info({ worker, pid: where.pid }, 'a worker serves')
    crew.markServing(worker)
  }

  function giveUp(worker: number, reason: string): void {
    // What all of them were started with was good: it need not stay so, as a file may change.
    if (crew.isComplete()) log.error({ worker, reason }, 'a worker can’t start')
    // What can't be at the start is told once, whichever worker finds it first.
    else fail(new StartFailure(reason))
  }

  const crew = startCrew({ count: config.workers, file: workerFile, answer, onEnd: metrics.forget, log })

  /** The process ends by itself then. */
  async function end(signal: NodeJS.Signals): Promise<void> {
    log.info(`${signal}: finishing what has started`)
    await crew.end(config.drainDelayMs + config.timeoutMs + endGraceMs)
    await store?.close()
    await upstream.close?.()
  }
  // Once: a second signal ends the process at once, and its workers with it.
  process.once('SIGTERM', (signal) => void end(signal))
  process.once('SIGINT', (signal) => void end(signal))
  // Not waited for: a signal may come before.
  crew.complete.then(() => announce(log, config, url), fail)
}
