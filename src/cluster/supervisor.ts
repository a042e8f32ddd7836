/** Keeps a number of workers running on one port: a worker that exits is restarted, with a backoff. */
import type { Worker } from 'node:cluster'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '../domain/start-error.ts'
import type { Logger } from '../domain/logger.ts'
import type { PrimaryMessage } from './messages.ts'
import { workerVariable } from './messages.ts'

export interface SupervisorOptions {
  /** How many workers run. */
  readonly count: number
  /** Called for each worker that is forked, before it has run anything. */
  readonly onFork: (worker: Worker) => void
  /** Called for each worker that has exited. */
  readonly onExit: (worker: number) => void
  readonly log: Logger
}

export interface Supervisor {
  /** Resolves when all workers listen; rejects with a StartError if one fails before that. */
  readonly ready: Promise<void>
  /** A worker listens. */
  markListening(worker: number): void
  /** A worker cannot start, and exits. @param reason for the operator */
  markFailed(worker: number, reason: string): void
  /**
   * Lets all workers finish their requests, and kills those that have not exited within `limitMs`
   * milliseconds. Resolves when all have exited.
   */
  shutdown(limitMs: number): Promise<void>
}

const minBackoffMs = 100
const maxBackoffMs = 30_000
/** A worker that ran for this long did not fail at its start: the backoff begins anew. */
const steadyAfterMs = 60_000

/** Sends a message. If the worker has exited, the message is lost. */
export function sendTo(worker: Worker, message: PrimaryMessage): void {
  worker.send(message, () => undefined)
}

export function startSupervisor({ count, onFork, onExit, log }: SupervisorOptions): Supervisor {
  // Metrics hold numbers that JSON lacks.
  cluster.setupPrimary({ serialization: 'advanced' })
  const running = new Map<number, Worker>()
  const listening = new Set<number>()
  const ready = Promise.withResolvers<void>()
  let isReady = false
  const stopping = new AbortController()

  async function runWorker() {
    const worker = cluster.fork({ [workerVariable]: '1' })
    const { id } = worker
    running.set(id, worker)
    const exited = once(worker, 'exit')
    onFork(worker)
    try {
      const [exitCode, signal]: (number | string | null)[] = await exited
      return { worker: id, ...(signal === null ? { exitCode } : { signal }) }
    } catch (error) {
      // The process could not be created at all.
      return { worker: id, reason: String(error) }
    } finally {
      running.delete(id)
      listening.delete(id)
      onExit(id)
    }
  }

  async function superviseWorker(): Promise<void> {
    for (let backoffMs = minBackoffMs; ;) {
      const startedAt = performance.now()
      const exit = await runWorker()
      if (stopping.signal.aborted) return
      if (!isReady) {
        const { worker: _, ...how } = exit
        ready.reject(new StartError(`A worker exited before it was listening: ${JSON.stringify(how)}`))
        return
      }
      if (performance.now() - startedAt >= steadyAfterMs) backoffMs = minBackoffMs
      log.error({ ...exit, backoffMs }, 'a worker has exited and is restarted')
      await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      backoffMs = Math.min(2 * backoffMs, maxBackoffMs)
    }
  }

  const supervised = Array.from({ length: count }, superviseWorker)

  return {
    ready: ready.promise,
    markListening(worker) {
      if (running.has(worker)) listening.add(worker)
      if (listening.size < count) return
      isReady = true
      ready.resolve()
    },
    markFailed(worker, reason) {
      // The settings were good when all started, but a file may have changed since.
      if (isReady) log.error({ worker, reason }, 'a worker cannot start')
      // All workers fail for the same reason: the first one to report it ends the start.
      else ready.reject(new StartError(reason))
    },
    async shutdown(limitMs) {
      stopping.abort()
      for (const worker of running.values()) sendTo(worker, { type: 'shutdown' })
      const limit = setTimeout(() => {
        for (const [id, worker] of running) {
          log.error({ worker: id }, 'a worker did not exit in time and is killed')
          worker.process.kill('SIGKILL')
        }
      }, limitMs)
      await Promise.all(supervised)
      clearTimeout(limit)
    },
  }
}
