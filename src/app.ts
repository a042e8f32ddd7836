/** The application: all parts of the gateway, composed from explicit dependencies. It does not use `process`. */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createCallbellClient } from './callbell/client.ts'
import { windowMs } from './rate-limit/sliding-window.ts'
import type { Config } from './config/config.ts'
import type { Contacts } from './contacts/contacts.ts'
import { createContacts } from './contacts/contacts.ts'
import { createRetryBudgets } from './rate-limit/retry-budget.ts'
import { StartError } from './domain/start-error.ts'
import type { AnswerLimits } from './graphql/answer-size.ts'
import { answerLimits as usualAnswerLimits, createAnswerSizes } from './graphql/answer-size.ts'
import { schema } from './schema.ts'
import type { AuthenticateOptions } from './http/auth/authenticate.ts'
import { createAuthenticate } from './http/auth/authenticate.ts'
import type { HealthSources } from './http/health-checks.ts'
import { createHealthChecks, createStoreCheck } from './http/health-checks.ts'
import { createRequestListener } from './http/request-listener.ts'
import type { ServerLimits } from './http/server.ts'
import { createHttpServer } from './http/server.ts'
import { describeListenError, listen } from './listen.ts'
import { createOperations } from './operations/operations.ts'
import { createCallerLimit } from './rate-limit/caller-limit.ts'
import type { Store } from './store/store.ts'
import type { Logger } from './domain/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { StartTrace } from './telemetry/span.ts'
import { createTelemetry } from './telemetry/telemetry.ts'
import type { CreationKind } from './domain/call-observer.ts'

/** Complete values, without defaults. `Config` describes them. */
export interface AppSettings extends Pick<
  Config,
  | 'timeoutMs'
  | 'maxRps'
  | 'resendAfterMs'
  | 'ttlMs'
  | 'isKeyRequired'
  | 'callerStoreBytes'
  | 'callerRps'
  | 'corsOrigins'
  | 'corsAllowedHeaders'
  | 'persistedDocuments'
  | 'graphiql'
  | 'introspection'
  | 'logSample'
  | 'drainDelayMs'
> {
  /** Whether only the names of this machine are accepted as `Host`. */
  readonly isHostChecked: boolean
}

export interface AppDeps {
  readonly settings: AppSettings
  readonly log: Logger
  /** Not closed with the app, like everything that is passed in. */
  readonly store: Store
  readonly upstream: {
    readonly kind: 'callbell' | 'sandbox'
    readonly url: string
    readonly token: string
  }
  readonly authentication: AuthenticateOptions
  /** The gateway's version, for the user agent and the metrics. */
  readonly version: string
  /** Names of operations that have a metric label of their own. */
  readonly knownOperations: Iterable<string>
  /** Default: tracing is off. */
  readonly startTrace?: StartTrace | undefined
  /** Reads the metrics of all workers, in Prometheus' text format. Default: of this process alone. */
  readonly readAllMetrics?: (() => Promise<string>) | undefined
  /** Returns the delay of the event loop in milliseconds. Default: 0. */
  readonly eventLoopDelayMs?: () => number
  /**
   * Until this time, on the clock of `performance.now()`, the rate limiter permits only a few requests: a
   * previous process may have used the limit. Default: one window after the process started.
   */
  readonly limiterStartsAt?: number
  readonly overrides?: AppOverrides
}

/** Replaces parts of the app in tests. */
export interface AppOverrides {
  readonly contacts?: Partial<Contacts> | undefined
  readonly health?: Partial<HealthSources> | undefined
  readonly limits?: Partial<ServerLimits> | undefined
  readonly answerLimits?: AnswerLimits | undefined
  /** Default: true */
  readonly hasFastPath?: boolean | undefined
  /** The kinds whose lookups are proved from the start. Default: none */
  readonly proved?: readonly CreationKind[] | undefined
}

export interface App {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  readonly server: Server
  readonly contacts: Contacts
  readonly metrics: Metrics
  /**
   * Starts to serve.
   *
   * @param port 0: any free one
   * @returns the URL of the GraphQL endpoint
   * @throws StartError if it cannot listen on the port
   */
  listen(port: number, host: string): Promise<string>
  /** Checks Callbell's token and clock now, and periodically until the process ends. */
  monitorCallbell(): Promise<void>
  /** Drains: requests in flight are answered. Resolves when the app has closed what it opened. */
  close(): Promise<void>
  /** Closes at once, with all connections. */
  destroy(): Promise<void>
}

/** Milliseconds from the deadline of a field until its response is sent. */
const drainGraceMs = 1000
/** An answer shows Callbell's time for ten minutes. An idle gateway requests one in time. */
const checkIntervalMs = 300_000
const retryIntervalMs = 15_000

export function createApp(deps: AppDeps): App {
  const { settings, log, store, upstream, version } = deps
  const { limiterStartsAt = windowMs, eventLoopDelayMs = () => 0, overrides = {} } = deps
  const { hasFastPath = true, answerLimits = usualAnswerLimits, limits = {} } = overrides
  const callbell = createCallbellClient({
    url: upstream.url,
    token: upstream.token,
    userAgent: `callbell-graphql/${version}`,
    connectTimeoutMs: settings.timeoutMs,
    maxRps: settings.maxRps,
    acquireShared: store.acquireShared,
    startAt: limiterStartsAt,
    log,
  })
  const budgets = createRetryBudgets()
  const metrics = createMetrics({
    version,
    mutations: Object.keys(schema.getMutationType()?.getFields() ?? {}),
    readAll: deps.readAllMetrics,
  })
  const telemetry = createTelemetry({
    log,
    metrics,
    startTrace: deps.startTrace,
    upstreamUrl: upstream.url,
    logSample: settings.logSample,
    knownOperations: deps.knownOperations,
  })
  const { background } = telemetry
  const contactsDeps = { callbell, store, budgets, log, background, proved: overrides.proved }
  const contacts = { ...createContacts(contactsDeps, settings), ...overrides.contacts }
  let isDraining = false
  const checkStore = createStoreCheck(store)
  const healthSources = {
    isDraining: () => isDraining,
    eventLoopDelayMs,
    checkStore,
    upstreamState: () => callbell.state(),
    ...overrides.health,
  }
  const callerLimit = createCallerLimit({
    callsPerSecond: settings.callerRps,
    takeTokens: store.takeTokens,
    log,
  })
  const requestListener = createRequestListener({
    ...settings,
    schema,
    contacts,
    telemetry,
    authenticate: createAuthenticate(deps.authentication),
    operations: createOperations({
      schema,
      limit: callerLimit,
      log,
      introspection: settings.introspection,
    }),
    measureAnswer: createAnswerSizes(answerLimits),
    health: { upstream: upstream.kind, checks: createHealthChecks(healthSources) },
    hasFastPath,
  })
  const listener: App['listener'] = (request, response) => void requestListener(request, response)
  const { server, connections } = createHttpServer(listener, {
    limits,
    onRejected: telemetry.rejected,
  })
  metrics.observe(async () => ({
    ...callbell.state(),
    retryTokens: budgets.tokens(),
    connections: connections.count(),
    isStoreAvailable: (await checkStore()).problem === null,
    isLookupProved: contacts.calibration.isProved,
  }))

  async function monitorCallbell(): Promise<void> {
    const isAccepted = await contacts.checkToken()
    const pauseMs = isAccepted ? checkIntervalMs : retryIntervalMs
    setTimeout(() => void monitorCallbell(), pauseMs).unref()
  }

  return {
    listener,
    server,
    contacts,
    metrics,
    monitorCallbell,
    async listen(port, host) {
      // An IPv6 address may be in brackets, as in URLs.
      const address = await listen(server, port, host.replace(/^\[(.*)\]$/, '$1')).catch((error: Error) => {
        throw new StartError(describeListenError(error, host, port))
      })
      const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return `http://${authority}:${address.port}/graphql`
    },
    async close() {
      isDraining = true
      // Load balancers get 503 from /readyz before connections are refused.
      await delay(settings.drainDelayMs)
      const finished = contacts.stop()
      await connections.drain(settings.timeoutMs + drainGraceMs)
      // Calls continue when their caller has disconnected.
      await finished
      await callbell.close()
    },
    async destroy() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await callbell.close()
    },
  }
}
