/**
 * The primary process: it starts the workers, keeps them running and aggregates their metrics. It serves
 * no caller itself, and holds nothing that they share: that is in Redis.
 */
import { randomUUID } from 'node:crypto'
import type { Worker } from 'node:cluster'
import { EventEmitter, once } from 'node:events'
import type { Logger } from '../domain/logger.ts'
import type { MetricList, WorkerSettings } from './messages.ts'
import { workerMessage } from './messages.ts'
import { createMetricsAggregator } from './metrics-aggregator.ts'
import { sendTo, startSupervisor } from './supervisor.ts'

export interface PrimaryOptions {
  /** How many workers run. */
  readonly count: number
  /** @returns the settings of a worker that starts now. @throws where they cannot be read */
  readonly settings: () => WorkerSettings
  readonly log: Logger
}

export interface Primary {
  /** The URL of the GraphQL endpoint, when all workers listen; rejects with a StartError if one cannot. */
  readonly url: Promise<string>
  /** As `Supervisor.shutdown`. */
  shutdown(limitMs: number): Promise<void>
}

/** Milliseconds that a scrape waits for a worker's metrics: one that hangs is reported as it was. */
const collectTimeoutMs = 2000

export function startPrimary({ count, settings, log }: PrimaryOptions): Primary {
  const aggregator = createMetricsAggregator()
  /** Replies with metrics, by the request's id. */
  const replies = new EventEmitter()
  const collectors = new Map<number, () => Promise<MetricList>>()
  let url = ''

  async function collectFrom(worker: Worker): Promise<MetricList> {
    const id = randomUUID()
    const reply = once(replies, id, { signal: AbortSignal.timeout(collectTimeoutMs) })
    sendTo(worker, { type: 'collectMetrics', id })
    const [metrics = []]: MetricList[] = await reply
    return metrics
  }

  async function sendAllMetrics(worker: Worker, id: string): Promise<void> {
    sendTo(worker, { type: 'allMetrics', id, text: await aggregator.collect(collectors) })
  }

  function receive(worker: Worker, received: unknown): void {
    const { data: message } = workerMessage.safeParse(received)
    switch (message?.type) {
      case 'listening':
        url = message.url
        collectors.set(worker.id, () => collectFrom(worker))
        log.info({ worker: worker.id, pid: worker.process.pid }, 'a worker is listening')
        supervisor.markListening(worker.id)
        break
      case 'startFailed':
        supervisor.markFailed(worker.id, message.reason)
        break
      case 'readAllMetrics':
        void sendAllMetrics(worker, message.id)
        break
      case 'metrics':
        replies.emit(message.id, message.metrics)
        break
      // Node sends messages of its own: under `--watch`, what a worker has imported.
      case undefined:
    }
  }

  function sendSettings(worker: Worker): void {
    try {
      sendTo(worker, { type: 'start', settings: settings() })
    } catch (error) {
      supervisor.markFailed(worker.id, String(error))
      worker.process.kill('SIGKILL')
    }
  }

  const supervisor = startSupervisor({
    count,
    onFork(worker) {
      worker.on('message', (message: unknown) => receive(worker, message))
      worker.once('online', () => sendSettings(worker))
    },
    onExit(worker) {
      collectors.delete(worker)
      aggregator.retire(worker)
    },
    log,
  })

  return {
    url: supervisor.ready.then(() => url),
    shutdown: (limitMs) => supervisor.shutdown(limitMs),
  }
}
