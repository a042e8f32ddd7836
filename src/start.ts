/** Starts the process: reads its configuration, and serves itself or by workers, until it is told to end. */
import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { workerVariable } from './cluster/messages.ts'
import type { Config } from './config/config.ts'
import {
  announce,
  fail,
  openLog,
  openOwnStore,
  prepareRuntime,
  readEnvironment,
  readSettings,
} from './process.ts'
import type { Variables } from './process.ts'
import type { Logger } from './domain/logger.ts'
import { openUpstream } from './upstream.ts'

/** Milliseconds that a worker may take to exit beyond the deadline of a field: to answer it and to flush traces. */
const exitGraceMs = 5000

/** Loaded only by a process that serves: the primary does without it. */
async function loadServe() {
  const { serve } = await import('./serve.ts')
  return serve
}

async function startAlone(config: Config, log: Logger): Promise<void> {
  const serve = await loadServe()
  const store = await openOwnStore(config, log)
  const upstream = await openUpstream(config)
  const serving = await serve({ config, log, store, upstream })
  onceSignaled(log, async () => {
    await serving.end()
    await upstream.close?.()
  })
  announce(log, config, serving.url)
}

async function startPrimary(config: Config, variables: Variables, log: Logger): Promise<void> {
  const { startPrimary: runPrimary } = await import('./cluster/primary.ts')
  const upstream = await openUpstream(config)
  const primary = runPrimary({
    count: config.workers,
    settings() {
      const { GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE } = readEnvironment()
      return {
        // A worker that starts later has the settings of the others, except for API keys: one that was
        // withdrawn meanwhile stays withdrawn.
        variables: { ...variables, GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE },
        sandbox: config.callbell ? null : { url: upstream.url, token: upstream.token },
      }
    },
    log,
  })
  onceSignaled(log, async () => {
    await primary.shutdown(config.drainDelayMs + config.timeoutMs + exitGraceMs)
    await upstream.close?.()
  })
  // Not waited for: a signal may come before.
  primary.url.then((url) => announce(log, config, url), fail)
}

async function startWorker(worker: Worker): Promise<void> {
  const { runWorker } = await import('./cluster/worker.ts')
  const shutdown = runWorker(worker, {
    async start({ variables, sandbox }, readAllMetrics) {
      const { config } = readSettings(() => variables)
      const log = openLog(config).child({ worker: worker.id })
      const serve = await loadServe()
      const serving = await serve({
        config,
        log,
        store: await openOwnStore(config, log),
        upstream: sandbox ?? (await openUpstream(config)),
        readAllMetrics,
      })
      return { url: serving.url, registry: serving.metrics.registry, close: () => serving.end() }
    },
    exit: (code) => process.exit(code),
  })
  // A terminal signals every process, and the primary sends its message as well.
  process.on('SIGTERM', () => void shutdown())
  process.on('SIGINT', () => void shutdown())
}

/** @param shutdown lets the process end by itself */
function onceSignaled(log: Logger, shutdown: () => Promise<void>): void {
  const listener = (signal: NodeJS.Signals): void => {
    log.info(`${signal}: finishing what has started`)
    void shutdown()
  }
  // Once: a second signal ends the process at once, as everywhere.
  process.once('SIGTERM', listener)
  process.once('SIGINT', listener)
}

async function start(): Promise<void> {
  prepareRuntime()
  if (cluster.worker && workerVariable in process.env) return startWorker(cluster.worker)
  const { config, variables } = readSettings(readEnvironment)
  const log = openLog(config)
  return config.workers > 1 ? startPrimary(config, variables, log) : startAlone(config, log)
}

await start().catch(fail)
