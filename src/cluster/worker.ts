/** One of several processes that serve one port, started by the primary. */
import { randomUUID } from 'node:crypto'
import type { Worker } from 'node:cluster'
import { EventEmitter, once } from 'node:events'
import type { Registry } from 'prom-client'
import { StartError } from '../domain/start-error.ts'
import type { WorkerMessage, WorkerSettings } from './messages.ts'
import { primaryMessage } from './messages.ts'
import { listMetrics } from './metrics-aggregator.ts'

export interface WorkerServer {
  /** The URL of the GraphQL endpoint. */
  readonly url: string
  /** The worker's own metrics. */
  readonly registry: Registry
  /** Finishes the requests in flight. */
  close(): Promise<void>
}

export interface WorkerOptions {
  /**
   * Starts serving.
   *
   * @param readAllMetrics reads the metrics of all workers, in Prometheus' text format
   * @throws StartError
   */
  readonly start: (settings: WorkerSettings, readAllMetrics: () => Promise<string>) => Promise<WorkerServer>
  /** Ends the process. */
  readonly exit: (code: number) => void
}

/** Milliseconds to wait for the metrics of all workers: longer than the primary waits for one of them. */
const metricsTimeoutMs = 5000

/**
 * Runs a worker until the primary or a signal ends it.
 *
 * @param worker `cluster.worker`
 * @returns ends the worker; it may be called several times, as a terminal signals every process
 */
export function runWorker(worker: Worker, { start, exit }: WorkerOptions): () => Promise<void> {
  /** Replies with the metrics of all workers, by the request's id. */
  const replies = new EventEmitter()
  let server: WorkerServer | undefined
  let isStopping = false

  /** Resolves when the message has been sent, or cannot be: then the primary has ended. */
  const send = (message: WorkerMessage): Promise<void> =>
    new Promise((resolve) => void worker.send(message, () => resolve()))

  async function readAllMetrics(): Promise<string> {
    const id = randomUUID()
    const reply = once(replies, id, { signal: AbortSignal.timeout(metricsTimeoutMs) })
    void send({ type: 'readAllMetrics', id })
    const [text = '']: string[] = await reply
    return text
  }

  async function startServer(settings: WorkerSettings): Promise<void> {
    try {
      server = await start(settings, readAllMetrics)
      await send({ type: 'listening', url: server.url })
    } catch (error) {
      const details = error instanceof Error ? error.stack : error
      await send({
        type: 'startFailed',
        reason: error instanceof StartError ? error.message : String(details),
      })
      exit(1)
    }
  }

  async function sendMetrics(id: string): Promise<void> {
    if (server) await send({ type: 'metrics', id, metrics: await listMetrics(server.registry) })
  }

  async function shutdown(): Promise<void> {
    if (isStopping) return
    isStopping = true
    // Nothing has been accepted yet.
    if (server === undefined) return exit(0)
    await server.close()
    // The channel to the primary would keep the process running.
    worker.disconnect()
  }

  worker.on('message', (received: unknown) => {
    const { data: message } = primaryMessage.safeParse(received)
    switch (message?.type) {
      case 'start':
        void startServer(message.settings)
        break
      case 'shutdown':
        void shutdown()
        break
      case 'collectMetrics':
        void sendMetrics(message.id)
        break
      case 'allMetrics':
        replies.emit(message.id, message.text)
        break
      // No message of the primary: Node has some of its own.
      case undefined:
    }
  })
  return shutdown
}
