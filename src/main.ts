/** The process: reads its configuration, builds the parts, listens, and drains when told to end. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import packageJson from '../package.json' with { type: 'json' }
import { createCallbellClient } from './callbell/client.ts'
import type { Config } from './config.ts'
import { ConfigError, readAuthentication, readConfig } from './config.ts'
import { createContacts } from './contacts/contacts.ts'
import { createRetryBudget } from './contacts/retry-budget.ts'
import { createGateway } from './gateway.ts'
import { schema } from './graphql/schema.ts'
import { createAuthenticate } from './http/authentication/authenticate.ts'
import { createCallerLimit } from './http/admission/caller-limit.ts'
import { createHealthChecks, createStoreCheck } from './http/health-checks.ts'
import type { Health } from './http/health.ts'
import { listDocumentedOperations } from './http/playground/documented-operations.ts'
import { createHttpServer } from './http/server.ts'
import { listen } from './listen.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import { startSandbox } from './sandbox/sandbox.ts'
import { openStore } from './store/open-store.ts'
import { watchEventLoop } from './telemetry/event-loop.ts'
import { operationNamesIn } from './telemetry/known-operations.ts'
import type { Logger } from './telemetry/log.ts'
import { createLog } from './telemetry/log.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { Traces, TraceSettings } from './telemetry/open-telemetry.ts'
import { createTelemetry } from './telemetry/telemetry.ts'
import { readTextFile } from './text-file.ts'
import { watchApiKeys } from './watch-api-keys.ts'

/** What a field may still need after its deadline to be answered. */
const drainGraceMs = 1000

/** Of the headers for traces: a shorter value is no secret, and would be hidden wherever it stands. */
const shortestSecret = 8

/** Enough for lists to have pages, of contacts such as a first look should show. */
const sandboxContacts = 300

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** In the folder that the process is started in. */
const envFile = '.env'

/** @throws ConfigError */
function readEnvironment(): NodeJS.Dict<string> {
  const file = existsSync(envFile) ? readTextFile(envFile, envFile) : { text: '' }
  if ('problem' in file) throw new ConfigError([file.problem])
  // What is set in the environment wins. It stays as it is, so that the file can be read again.
  return { ...parseEnv(file.text), ...process.env }
}

function readConfigOrFail(): Config {
  try {
    return readConfig(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return fail(['The configuration has problems:', ...error.problems].join('\n  - '))
  }
}

function readAuthenticationAgain() {
  try {
    return readAuthentication(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems }
  }
}

function announce(log: Logger, { callbell, graphiql }: Config, url: string): void {
  // Printed whatever the log's level: without the address nobody finds the door, and nobody
  // should have to guess whether what lies behind it is real.
  const announcer = log.child({}, { level: 'info' })
  announcer.info(`listening on ${url}${graphiql ? ' (open it in a browser for GraphiQL)' : ''}`)
  announcer.info(
    callbell
      ? `contacts are created for real, at ${callbell.url}`
      : 'CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell',
  )
}

/** Loaded only where it is asked for: it takes its time. */
async function openTraces(settings: TraceSettings | null, log: Logger): Promise<Traces | undefined> {
  if (settings === null) return undefined
  const { createTraces } = await import('./telemetry/open-telemetry.ts')
  return createTraces({ ...settings, version: packageJson.version, log })
}

const config = readConfigOrFail()
const log = createLog({
  level: config.logLevel,
  secrets: [
    ...(config.callbell ? [config.callbell.token] : []),
    ...Object.values(config.traces?.headers ?? {}).filter(({ length }) => length >= shortestSecret),
  ],
  isTerminal: process.stdout.isTTY,
})
// Node would print it with all that it holds, past the log and what the log hides.
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'a bug ends the process')
  process.exit(1)
})
const store = await openStore(config.storeUrl, log).catch((error: Error) =>
  fail(`STORE_URL: the store can't be opened: ${error.message}`),
)
/** Callbell itself, or the sandbox, which has an end of its own. */
const upstream: Pick<Sandbox, 'url' | 'token'> & Partial<Pick<Sandbox, 'close'>> =
  config.callbell ?? (await startSandbox({ token: randomUUID(), seed: sandboxContacts }))
const callbell = createCallbellClient({
  url: upstream.url,
  token: upstream.token,
  userAgent: `${packageJson.name}/${packageJson.version}`,
  connectTimeoutMs: config.timeoutMs,
  maxRps: config.maxRps,
  takeTurns: store.takeTurns,
  log,
})
const budget = createRetryBudget()
const contacts = createContacts({ callbell, store, budget, log }, config)
const traces = await openTraces(config.traces, log)
const metrics = createMetrics({
  version: packageJson.version,
  mutations: Object.keys(schema.getMutationType()?.getFields() ?? {}),
})
const telemetry = createTelemetry({
  log,
  metrics,
  startTrace: traces?.startTrace,
  upstreamUrl: upstream.url,
  logSample: config.logSample,
  knownOperations: [
    ...(await listDocumentedOperations()),
    ...operationNamesIn(config.persistedDocuments?.documents.values() ?? []),
  ],
})
let isDraining = false
const isStoreAvailable = createStoreCheck(store)
const health: Health = {
  upstream: config.callbell ? 'callbell' : 'sandbox',
  checks: createHealthChecks({
    isDraining: () => isDraining,
    eventLoopDelayMs: watchEventLoop(),
    isStoreAvailable,
    upstreamState: () => callbell.state(),
  }),
}
const callerLimit = createCallerLimit({ callsPerSecond: config.callerRps, takeTokens: store.takeTokens, log })
const { apiKeys, apiKeysFile, jwt } = config.auth
const gateway = createGateway({
  ...config,
  isHostChecked: config.isLocal && !apiKeys && !jwt,
  authenticate: createAuthenticate({
    apiKeys:
      apiKeys &&
      watchApiKeys({
        keys: apiKeys,
        files: apiKeysFile === null ? [envFile] : [envFile, apiKeysFile],
        read: readAuthenticationAgain,
        log,
      }),
    jwt,
  }),
  contacts,
  callerLimit,
  health,
  telemetry,
})
const { server, connections } = createHttpServer((request, response) => void gateway(request, response), {
  onRefusal: (status) => telemetry.countRefusal(String(status)),
})
metrics.observe(async () => ({
  ...callbell.state(),
  retryTokens: budget.tokens(),
  connections: connections.count(),
  isStoreAvailable: await isStoreAvailable(),
}))

/** Lets what has started finish and be answered, then lets the process end by itself. */
async function end(signal: NodeJS.Signals): Promise<void> {
  log.info(`${signal}: finishing what has started`)
  isDraining = true
  // Load balancers are to have heard of it before nobody answers them any more.
  await delay(config.drainDelayMs)
  const finished = contacts.stop()
  await connections.drain(config.timeoutMs + drainGraceMs)
  // Calls go on when their caller has gone.
  await finished
  await callbell.close()
  await store.close()
  await upstream.close?.()
  await traces?.close()
}

const address = await listen(server, config.port, config.host.replace(/^\[(.*)\]$/, '$1')).catch(
  (error: Error) => fail(`Can't listen on HOST ${config.host}, PORT ${config.port}: ${error.message}`),
)
// Once: a second signal ends the process at once, as everywhere.
process.once('SIGTERM', (signal) => void end(signal))
process.once('SIGINT', (signal) => void end(signal))
const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address
announce(log, config, `http://${authority}:${address.port}/graphql`)
