/** The application: all parts of the gateway, composed from explicit dependencies. It knows no process. */
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
import { listen } from './listen.ts'
import { createOperations } from './operations/operations.ts'
import { createCallerLimit } from './rate-limit/caller-limit.ts'
import type { Store } from './store/store.ts'
import type { Logger } from './domain/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { StartTrace } from './telemetry/span.ts'
import { createTelemetry } from './telemetry/telemetry.ts'
import type { CreationKind } from './domain/call-observer.ts'

/** Complete values, without defaults: what each means is said at `Config`. */
export interface AppSettings extends Pick<
  Config,
  | 'timeoutMs'
  | 'maxRps'
  | 'resendAfterMs'
  | 'ttlMs'
  | 'callerStoreBytes'
  | 'callerRps'
  | 'corsOrigins'
  | 'persistedDocuments'
  | 'graphiql'
  | 'introspection'
  | 'logSample'
  | 'drainDelayMs'
> {
  /** Whether only names of this machine are accepted as `Host`. */
  readonly isHostChecked: boolean
}

export interface AppDeps {
  readonly settings: AppSettings
  readonly log: Logger
  /** Stays open when the app closes, as everything that is passed in. */
  readonly store: Store
  readonly upstream: {
    readonly kind: 'callbell' | 'sandbox'
    readonly url: string
    readonly token: string
  }
  readonly authentication: AuthenticateOptions
  /** The gateway's version, for the user agent and the metrics. */
  readonly version: string
  /** Names of operations that metrics count apart from others. */
  readonly knownOperations: Iterable<string>
  /** Default: nothing is traced. */
  readonly startTrace?: StartTrace | undefined
  /** Reads the metrics of all workers, in Prometheus' text format. Default: of this process alone. */
  readonly readAllMetrics?: (() => Promise<string>) | undefined
  /** Milliseconds by which the event loop is late. Default: never late. */
  readonly eventLoopDelayMs?: () => number
  /**
   * Until when the rate limiter allows only a little, on the clock of `performance.now()`: the process
   * before this one may have used the limit. Default: until one window after the process started.
   */
  readonly limiterStartsAt?: number
  readonly overrides?: AppOverrides
}

/** What replaces parts of the app in tests. */
export interface AppOverrides {
  readonly contacts?: Partial<Contacts> | undefined
  readonly health?: Partial<HealthSources> | undefined
  readonly limits?: Partial<ServerLimits> | undefined
  readonly answerLimits?: AnswerLimits | undefined
  /** Default: true */
  readonly hasFastPath?: boolean | undefined
  /** Whose lookups are proved from the start. Default: none */
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
   * @throws StartError where the port cannot be had
   */
  listen(port: number, host: string): Promise<string>
  /** Checks Callbell's token and clock now, and from time to time until the process ends. */
  keepTimeKnown(): Promise<void>
  /** Drains: what has started finishes and is answered. Resolves when the app has closed what it opened. */
  close(): Promise<void>
  /** Closes at once: connections are cut. */
  destroy(): Promise<void>
}

/** Milliseconds that a field may need after its deadline to be answered. */
const drainGraceMs = 1000
/** Answers show Callbell's time for ten minutes: an idle gateway asks for one. */
const askTimeEveryMs = 300_000
const askTimeAgainAfterMs = 15_000

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
  const contactsParts = { callbell, store, budgets, log, background, proved: overrides.proved }
  const contacts = { ...createContacts(contactsParts, settings), ...overrides.contacts }
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
    onRefusal: telemetry.rejected,
  })
  metrics.observe(async () => ({
    ...callbell.state(),
    retryTokens: budgets.tokens(),
    connections: connections.count(),
    isStoreAvailable: (await checkStore()).problem === null,
    isLookupProved: contacts.calibration.isProved,
  }))

  async function keepTimeKnown(): Promise<void> {
    const isAccepted = await contacts.checkToken()
    const pauseMs = isAccepted ? askTimeEveryMs : askTimeAgainAfterMs
    setTimeout(() => void keepTimeKnown(), pauseMs).unref()
  }

  return {
    listener,
    server,
    contacts,
    metrics,
    keepTimeKnown,
    async listen(port, host) {
      // An IPv6 address may be written as in URLs.
      const address = await listen(server, port, host.replace(/^\[(.*)\]$/, '$1')).catch((error: Error) => {
        throw new StartError(`Can't listen on HOST ${host}, PORT ${port}: ${error.message}`)
      })
      const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return `http://${authority}:${address.port}/graphql`
    },
    async close() {
      isDraining = true
      // Load balancers notice it by /readyz before connections are refused.
      await delay(settings.drainDelayMs)
      const finished = contacts.stop()
      await connections.drain(settings.timeoutMs + drainGraceMs)
      // Calls go on when their caller has gone.
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
