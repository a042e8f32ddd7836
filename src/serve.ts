/** Builds the gateway's parts around what the process gives it, listens, and drains when told to end. */
import { setTimeout as delay } from 'node:timers/promises'
import packageJson from '../package.json' with { type: 'json' }
import { createCallbellClient } from './callbell/client.ts'
import { windowMs } from './rate-limit/sliding-window.ts'
import type { Config } from './config/config.ts'
import type { Contacts } from './contacts/contacts.ts'
import { createContacts } from './contacts/contacts.ts'
import { createRetryBudgets } from './rate-limit/retry-budget.ts'
import { createGateway } from './gateway.ts'
import { schema } from './schema.ts'
import { createAuthenticate } from './http/auth/authenticate.ts'
import { createCallerLimit } from './rate-limit/caller-limit.ts'
import { createHealthChecks, createStoreCheck } from './http/health-checks.ts'
import type { Health } from './http/health.ts'
import { listDocumentedOperations } from './http/playground/documented-operations.ts'
import { createHttpServer } from './http/server.ts'
import { listen } from './listen.ts'
import { StartError } from './domain/start-error.ts'
import { envFile, readAuthenticationAgain } from './process.ts'
import type { Store } from './store/store.ts'
import { watchEventLoop } from './telemetry/event-loop.ts'
import { operationNamesIn } from './telemetry/known-operations.ts'
import type { Logger } from './domain/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { Traces, TraceSettings } from './telemetry/open-telemetry.ts'
import { createTelemetry } from './telemetry/telemetry.ts'
import type { Upstream } from './upstream.ts'
import { watchApiKeys } from './config/api-key-reloader.ts'

export interface Surroundings {
  readonly config: Config
  readonly log: Logger
  readonly store: Store
  readonly upstream: Upstream
  /** Where other processes serve the same port: the metrics of all, in place of this one's. */
  readonly readAllMetrics?: () => Promise<string>
}

export interface Serving {
  /** Of the GraphQL endpoint. */
  readonly url: string
  readonly metrics: Metrics
  /** Lets what has started finish and be answered, and closes everything but the upstream. */
  end(): Promise<void>
}

/** What a field may still need after its deadline to be answered. */
const drainGraceMs = 1000

/** Answers show Callbell's time for ten minutes: an idle gateway asks for one. */
const askTimeEveryMs = 300_000
const askTimeAgainAfterMs = 15_000

/** Checks the token now, and from time to time: what is created is compared with Callbell's time. */
async function keepTimeKnown(contacts: Contacts): Promise<void> {
  const isAccepted = await contacts.checkToken()
  const pauseMs = isAccepted ? askTimeEveryMs : askTimeAgainAfterMs
  setTimeout(() => void keepTimeKnown(contacts), pauseMs).unref()
}

/** Loaded only where it is asked for: it takes its time. */
async function openTraces(settings: TraceSettings | null, log: Logger): Promise<Traces | undefined> {
  if (settings === null) return undefined
  const { createTraces } = await import('./telemetry/open-telemetry.ts')
  return createTraces({ ...settings, version: packageJson.version, log })
}

/** @throws StartError if it can't listen */
export async function serve(surroundings: Surroundings): Promise<Serving> {
  const { config, log, store, upstream, readAllMetrics } = surroundings
  const callbell = createCallbellClient({
    url: upstream.url,
    token: upstream.token,
    userAgent: `${packageJson.name}/${packageJson.version}`,
    connectTimeoutMs: config.timeoutMs,
    maxRps: config.maxRps,
    acquireShared: store.acquireShared,
    startAt: windowMs,
    log,
  })
  const budgets = createRetryBudgets()
  const traces = await openTraces(config.traces, log)
  const metrics = createMetrics({
    version: packageJson.version,
    mutations: Object.keys(schema.getMutationType()?.getFields() ?? {}),
    readAll: readAllMetrics,
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
  const contacts = createContacts({ callbell, store, budgets, log, background: telemetry.background }, config)
  let isDraining = false
  const checkStore = createStoreCheck(store)
  const health: Health = {
    upstream: config.callbell ? 'callbell' : 'sandbox',
    checks: createHealthChecks({
      isDraining: () => isDraining,
      eventLoopDelayMs: watchEventLoop(),
      checkStore,
      upstreamState: () => callbell.state(),
    }),
  }
  const callerLimit = createCallerLimit({
    callsPerSecond: config.callerRps,
    takeTokens: store.takeTokens,
    log,
  })
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
    onRefusal: telemetry.rejected,
  })
  metrics.observe(async () => ({
    ...callbell.state(),
    retryTokens: budgets.tokens(),
    connections: connections.count(),
    isStoreAvailable: (await checkStore()).problem === null,
    isLookupProved: contacts.calibration.isProved,
  }))
  const address = await listen(server, config.port, config.host.replace(/^\[(.*)\]$/, '$1')).catch(
    (error: Error) => {
      throw new StartError(`Can't listen on HOST ${config.host}, PORT ${config.port}: ${error.message}`)
    },
  )
  void keepTimeKnown(contacts)
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address

  return {
    url: `http://${authority}:${address.port}/graphql`,
    metrics,
    async end() {
      isDraining = true
      // Load balancers are to have heard of it before nobody answers them any more.
      await delay(config.drainDelayMs)
      const finished = contacts.stop()
      await connections.drain(config.timeoutMs + drainGraceMs)
      // Calls go on when their caller has gone.
      await finished
      await callbell.close()
      await store.close()
      await traces?.close()
    },
  }
}
