/**
 * Starts the process: reads its configuration, opens what the app depends on, serves by itself or by
 * workers, and shuts down on a signal.
 */
import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { z } from 'zod'
import packageJson from '../package.json' with { type: 'json' }
import { workerVariable } from './cluster/messages.ts'
import type { Config } from './config/config.ts'
import type { Variables } from './config/environment.ts'
import { envFile, reloadAuthentication, readEnvironment, readSettings } from './config/environment.ts'
import { StartError } from './domain/start-error.ts'
import { openStore } from './store/open-store.ts'
import type { Logger } from './domain/logger.ts'
import { createLog } from './telemetry/log.ts'
import { watchApiKeys } from './config/api-key-reloader.ts'

/** In characters. A shorter header for traces is not a secret, and redacting it would damage other values. */
const minSecretLength = 8
/** Milliseconds from the deadline of a field until a worker exits: time to send the response and to flush traces. */
const exitGraceMs = 5000
/** Enough for lists with several pages. */
const sandboxContacts = 300

interface Upstream {
  readonly url: string
  readonly token: string
  close?(): Promise<void>
}

/** Configures V8 and zod. Call it before anything is parsed or served. */
function prepareRuntime(): void {
  disablePretenuring()
  // zod would generate code for object schemas. Code generation is forbidden, so it must not try.
  z.config({ jitless: true })
}

/**
 * V8 learns which allocation sites create objects that survive a garbage collection, and then allocates
 * theirs in the old generation (allocation-site pretenuring). With many requests in flight, those are parts
 * of requests, which end soon. In the old generation they keep the rest of their request alive until a major
 * collection. With 128 concurrent requests, that was 1.5 to 6 kB each. Without pretenuring it is 0.1 kB, and
 * a minor collection takes a third of the time.
 */
function disablePretenuring(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/** Opens the log. From here on, an uncaught exception is logged before it ends the process. */
function openLog({ logLevel, callbell, traces }: Config): Logger {
  const log = createLog({
    level: logLevel,
    secrets: [
      ...(callbell ? [callbell.token] : []),
      ...Object.values(traces?.headers ?? {}).filter(({ length }) => length >= minSecretLength),
    ],
    isTerminal: process.stdout.isTTY,
  })
  // Node would print the error with all its properties, without redaction.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an uncaught exception ends the process')
    process.exit(1)
  })
  return log
}

/** @returns Callbell, or a sandbox in this process */
async function openUpstream({ callbell }: Config): Promise<Upstream> {
  if (callbell) return callbell
  const { startSandbox } = await import('./sandbox/sandbox.ts')
  return startSandbox({ token: randomUUID(), seed: sandboxContacts })
}

/** @throws StartError */
async function openConfiguredStore({ storeUrl, ttlMs, timeoutMs, resendAfterMs }: Config, log: Logger) {
  try {
    // After this time, no call that was in flight when the store lost its records can still reach Callbell.
    return await openStore(storeUrl, log, { quarantineMs: timeoutMs + resendAfterMs, ttlMs })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`STORE_URL: the store cannot be opened: ${reason}`)
  }
}

/** Loads OpenTelemetry lazily, because loading it takes long. */
async function openTraces({ traces }: Config, log: Logger) {
  if (traces === null) return undefined
  const { createTraces } = await import('./telemetry/open-telemetry.ts')
  return createTraces({ ...traces, version: packageJson.version, log })
}

/**
 * Opens the store and the traces, and serves.
 *
 * @throws StartError
 */
async function serve(
  config: Config,
  log: Logger,
  upstream: Upstream,
  readAllMetrics?: () => Promise<string>,
) {
  // Loaded lazily: the primary process does not need these modules.
  const [{ createApp }, { listDocumentedOperations }, { operationNamesIn }, { watchEventLoop }] =
    await Promise.all([
      import('./app.ts'),
      import('./http/playground/documented-operations.ts'),
      import('./telemetry/known-operations.ts'),
      import('./telemetry/event-loop.ts'),
    ])
  const store = await openConfiguredStore(config, log)
  const traces = await openTraces(config, log)
  const { apiKeys, apiKeysFile, jwt } = config.auth
  const files = apiKeysFile === null ? [envFile] : [envFile, apiKeysFile]
  const app = createApp({
    settings: { ...config, isHostChecked: config.isLocal && !apiKeys && !jwt },
    log,
    store,
    upstream: { ...upstream, kind: config.callbell ? 'callbell' : 'sandbox' },
    authentication: {
      apiKeys: apiKeys && watchApiKeys({ keys: apiKeys, files, read: reloadAuthentication, log }),
      jwt,
    },
    version: packageJson.version,
    knownOperations: [
      ...(await listDocumentedOperations()),
      ...operationNamesIn(config.persistedDocuments?.documents.values() ?? []),
    ],
    startTrace: traces?.startTrace,
    readAllMetrics,
    eventLoopDelayMs: watchEventLoop(),
  })
  const url = await app.listen(config.port, config.host)
  void app.monitorCallbell()
  return {
    url,
    registry: app.metrics.registry,
    async close() {
      await app.close()
      await store.close()
      await traces?.close()
    },
  }
}

async function startSingle(config: Config, log: Logger): Promise<void> {
  const upstream = await openUpstream(config)
  const server = await serve(config, log, upstream)
  onceSignaled(log, async () => {
    await server.close()
    await upstream.close?.()
  })
  logStart(log, config, server.url)
}

async function startPrimary(config: Config, variables: Variables, log: Logger): Promise<void> {
  const { startPrimary: startWorkers } = await import('./cluster/primary.ts')
  const upstream = await openUpstream(config)
  const primary = startWorkers({
    count: config.workers,
    settings() {
      const { GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE } = readEnvironment()
      return {
        // A worker that starts later has the settings of the others, except for API keys: a key that was
        // removed meanwhile must stay removed.
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
  // Not awaited: a signal may arrive before.
  primary.url.then((url) => logStart(log, config, url), fail)
}

async function startWorker(worker: Worker): Promise<void> {
  const { runWorker } = await import('./cluster/worker.ts')
  const shutdown = runWorker(worker, {
    async start({ variables, sandbox }, readAllMetrics) {
      const { config } = readSettings(() => variables)
      const log = openLog(config).child({ worker: worker.id })
      return serve(config, log, sandbox ?? (await openUpstream(config)), readAllMetrics)
    },
    exit: (code) => process.exit(code),
  })
  // A terminal signals every process, and the primary sends its message, too.
  process.on('SIGTERM', () => void shutdown())
  process.on('SIGINT', () => void shutdown())
}

/** @param shutdown lets the process end by itself */
function onceSignaled(log: Logger, shutdown: () => Promise<void>): void {
  const listener = (signal: NodeJS.Signals): void => {
    log.info(`${signal}: shutting down after the requests in flight`)
    void shutdown()
  }
  // `once`: a second signal ends the process at once, as usual.
  process.once('SIGTERM', listener)
  process.once('SIGINT', listener)
}

/** Logs where the gateway listens and what it forwards to. */
function logStart(log: Logger, { callbell, graphiql }: Config, url: string): void {
  // Written at any log level: operators must know the address, and whether contacts are real.
  const startLog = log.child({}, { level: 'info' })
  startLog.info(`listening on ${url}${graphiql ? ' (open it in a browser for GraphiQL)' : ''}`)
  startLog.info(
    callbell
      ? `using Callbell at ${callbell.url}: contacts are real`
      : 'CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell',
  )
}

/** Ends the process: with a message for the operator, or with the stack of an unexpected error. */
function fail(error: unknown): never {
  if (!(error instanceof StartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

async function start(): Promise<void> {
  prepareRuntime()
  // The variable is set for our own workers only.
  if (cluster.worker && workerVariable in process.env) return startWorker(cluster.worker)
  const { config, variables } = readSettings(readEnvironment)
  const log = openLog(config)
  return config.workers > 1 ? startPrimary(config, variables, log) : startSingle(config, log)
}

await start().catch(fail)
