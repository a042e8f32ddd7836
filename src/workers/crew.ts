/** Keeps so many workers running on one port: one that ends is replaced, after a pause that grows. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { StartFailure } from '../process.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Ask } from './peer.ts'
import { createPeer } from './peer.ts'
import type { PrimaryQuestion } from './questions.ts'

export interface CrewOptions {
  readonly count: number
  /** The program of a worker. */
  readonly file: string
  /** Answers what a worker asks. */
  readonly answer: (question: unknown, worker: number) => unknown
  /** Told of a worker that has ended. */
  readonly onEnd: (worker: number) => void
  readonly log: Logger
}

export interface Crew {
  /** Those that serve, by number. */
  readonly serving: ReadonlyMap<number, Ask>
  /** Resolves when as many serve as should; rejects with a StartFailure if one ends before that. */
  readonly complete: Promise<void>
  readonly isComplete: () => boolean
  /** To be told of a worker that it serves. */
  readonly markServing: (worker: number) => void
  /**
   * Lets all finish what they have started, and kills those that have not ended in so many
   * milliseconds. Resolves when they have ended.
   */
  readonly end: (limitMs: number) => Promise<void>
}

const shortestPauseMs = 100
const longestPauseMs = 30_000
/** After so long it is not the start that fails. */
const steadyAfterMs = 60_000

export function startCrew({ count, file, answer, onEnd, log }: CrewOptions): Crew {
  // Metrics hold numbers that JSON lacks.
  cluster.setupPrimary({ exec: file, serialization: 'advanced' })
  const running = new Map<number, Ask>()
  const serving = new Map<number, Ask>()
  const complete = Promise.withResolvers<void>()
  let isComplete = false
  const ending = new AbortController()

  async function runWorker() {
    const worker = cluster.fork()
    const { id } = worker
    const ask = createPeer(
      {
        send: (message) => void worker.send(message, () => undefined),
        receive: (listener) => void worker.on('message', listener),
      },
      (question) => answer(question, id),
    )
    running.set(id, ask)
    try {
      const [exitCode, signal]: (number | string | null)[] = await once(worker, 'exit')
      return { worker: id, ...(signal === null ? { exitCode } : { signal }) }
    } catch (error) {
      // It could not be started at all.
      return { worker: id, reason: String(error) }
    } finally {
      running.delete(id)
      serving.delete(id)
      onEnd(id)
    }
  }

  async function keepWorker(): Promise<void> {
    for (let pauseMs = shortestPauseMs; ;) {
      const startedAt = performance.now()
      const ended = await runWorker()
      if (ending.signal.aborted) return
      if (!isComplete) {
        const { worker: _, ...how } = ended
        complete.reject(new StartFailure(`A worker ended before it served: ${JSON.stringify(how)}`))
        return
      }
      if (performance.now() - startedAt >= steadyAfterMs) pauseMs = shortestPauseMs
      log.error({ ...ended, pauseMs }, 'a worker has ended and is replaced')
      await delay(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined)
      if (ending.signal.aborted) return
      pauseMs = Math.min(2 * pauseMs, longestPauseMs)
    }
  }

  const kept = Array.from({ length: count }, keepWorker)

  return {
    serving,
    complete: complete.promise,
    isComplete: () => isComplete,
    markServing(worker) {
      const ask = running.get(worker)
      if (ask) serving.set(worker, ask)
      if (serving.size < count) return
      isComplete = true
      complete.resolve()
    },
    async end(limitMs) {
      ending.abort()
      const question: PrimaryQuestion = { kind: 'end' }
      // Whoever does not answer has ended already, or will when it reads it.
      for (const ask of running.values()) ask(question).catch(() => undefined)
      const limit = setTimeout(() => {
        for (const worker of running.keys()) {
          log.error({ worker }, 'a worker does not end, and is killed')
          cluster.workers?.[worker]?.process.kill('SIGKILL')
        }
      }, limitMs)
      await Promise.all(kept)
      clearTimeout(limit)
    },
  }
}
