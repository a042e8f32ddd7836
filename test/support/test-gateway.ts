/** The whole gateway over real sockets, with the sandbox as its Callbell. Closes itself after the test. */
import type { ExecutionResult } from 'graphql'
import { print } from 'graphql'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { createCallbellClient } from '../../src/callbell/client.ts'
import type { TypedDocumentNode } from '../../src/client/typed-document-node.ts'
import type { Contacts } from '../../src/contacts/contacts.ts'
import { createContacts } from '../../src/contacts/contacts.ts'
import { createRetryBudgets } from '../../src/rate-limit/retry-budget.ts'
import { createGateway } from '../../src/gateway.ts'
import type { AnswerLimits } from '../../src/graphql/answer-size.ts'
import type { AuthenticateOptions } from '../../src/http/auth/authenticate.ts'
import { createAuthenticate } from '../../src/http/auth/authenticate.ts'
import { createCallerLimit } from '../../src/rate-limit/caller-limit.ts'
import type { HealthSources } from '../../src/http/health-checks.ts'
import { createHealthChecks, createStoreCheck } from '../../src/http/health-checks.ts'
import type { Health } from '../../src/http/health.ts'
import type { PersistedDocuments } from '../../src/operations/persisted-documents.ts'
import type { ServerLimits } from '../../src/http/server.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { listen } from '../../src/listen.ts'
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { StartTrace } from '../../src/telemetry/span.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'
import type { CreationKind } from '../../src/domain/call-observer.ts'
import { creationKinds } from '../../src/domain/call-observer.ts'

export interface TestGatewayOptions {
  /** Callbell's place, when it is not the sandbox. */
  readonly url?: string
  readonly timeoutMs?: number
  /** Default: a minute, as in the real one. */
  readonly resendAfterMs?: number
  /** Whose lookups are proved from the start. Default: all. */
  readonly proved?: readonly CreationKind[]
  readonly maxRps?: number
  readonly store?: Store
  readonly ttlMs?: number
  readonly callerStoreBytes?: number
  /** In place of the real functions. */
  readonly contacts?: Partial<Contacts>
  readonly graphiql?: boolean
  readonly introspection?: boolean
  readonly corsOrigins?: readonly string[]
  readonly isHostChecked?: boolean
  /** Default: nobody is asked. */
  readonly authentication?: Partial<AuthenticateOptions>
  readonly persistedDocuments?: PersistedDocuments
  readonly callerRps?: number
  readonly limits?: Partial<ServerLimits>
  readonly sandbox?: Partial<SandboxOptions>
  readonly hasFastLane?: boolean
  readonly answerLimits?: AnswerLimits
  /** In place of what the parts tell. */
  readonly health?: Partial<HealthSources>
  readonly startTrace?: StartTrace
  /** Default: all successes are logged. */
  readonly logSample?: number
}

export interface TestGateway {
  /** `http://127.0.0.1:…/graphql` */
  readonly url: string
  readonly sandbox: Sandbox
  readonly contacts: Contacts
  /** All log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** Starts over with no log line. */
  readonly forgetLog: () => void
  /** Posts a document and returns the answer's JSON. */
  readonly execute: <Data, Variables>(
    document: string | TypedDocumentNode<Data, Variables>,
    variables?: Variables,
  ) => Promise<ExecutionResult<Data>>
  /** How many connections callers have to the gateway. */
  readonly connections: () => Promise<number>
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<Response>
}

/** A token that may appear nowhere but in the `authorization` header towards Callbell. */
export const sentinelToken = 'sentinel-b2f1c0de'

export async function createTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const {
    timeoutMs = 5000,
    resendAfterMs = 60_000,
    maxRps = 300,
    graphiql = true,
    introspection = true,
  } = options
  const sandbox = await startSandbox({ token: sentinelToken, ...options.sandbox })
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'trace',
    secrets: [sandbox.token],
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  const store = options.store ?? openMemoryStore()
  const callbell = createCallbellClient({
    url: options.url ?? sandbox.url,
    token: sandbox.token,
    userAgent: 'callbell-graphql/test',
    connectTimeoutMs: timeoutMs,
    maxRps,
    acquireShared: store.acquireShared,
    log,
  })
  const health: Health = {
    upstream: 'sandbox',
    checks: createHealthChecks({
      isDraining: () => false,
      eventLoopDelayMs: () => 0,
      checkStore: createStoreCheck(store),
      upstreamState: () => callbell.state(),
      ...options.health,
    }),
  }
  const budgets = createRetryBudgets()
  const metrics = createMetrics({ version: '1.2.3', mutations: ['createContact'] })
  const telemetry = createTelemetry({
    log,
    metrics,
    startTrace: options.startTrace,
    upstreamUrl: options.url ?? sandbox.url,
    logSample: options.logSample ?? 1,
    knownOperations: ['CreateContact'],
  })
  const { ttlMs = 24 * 3_600_000, callerStoreBytes = 0 } = options
  const contacts = {
    ...createContacts(
      {
        callbell,
        store,
        budgets,
        log,
        background: telemetry.background,
        proved: options.proved ?? creationKinds,
      },
      { timeoutMs, resendAfterMs, ttlMs, callerStoreBytes },
    ),
    ...options.contacts,
  }
  const {
    corsOrigins = [],
    isHostChecked = true,
    persistedDocuments = null,
    callerRps = 0,
    limits = {},
  } = options
  const callerLimit = createCallerLimit({ callsPerSecond: callerRps, takeTokens: store.takeTokens, log })
  const gateway = createGateway({
    contacts,
    callerLimit,
    health,
    telemetry,
    graphiql,
    introspection,
    corsOrigins,
    persistedDocuments,
    isHostChecked,
    hasFastLane: options.hasFastLane ?? true,
    answerLimits: options.answerLimits,
    authenticate: createAuthenticate({ apiKeys: null, jwt: null, ...options.authentication }),
  })
  const { server, connections } = createHttpServer((request, response) => void gateway(request, response), {
    limits,
    onRefusal: telemetry.rejected,
  })
  metrics.observe(async () => ({
    ...callbell.state(),
    retryTokens: budgets.tokens(),
    connections: connections.count(),
    isStoreAvailable: true,
    isLookupProved: contacts.calibration.isProved,
  }))
  const { port } = await listen(server, 0, '127.0.0.1')
  const url = `http://127.0.0.1:${port}/graphql`

  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    await sandbox.close()
    await callbell.close()
    await store.close()
  })

  const post: TestGateway['post'] = (body, headers = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  return {
    url,
    sandbox,
    contacts,
    log: lines,
    forgetLog: () => void lines.splice(0),
    post,
    connections: promisify(server.getConnections.bind(server)),
    async execute(document, variables) {
      const query = typeof document === 'string' ? document : print(document)
      const response = await post(JSON.stringify({ query, variables }))
      return response.json()
    },
  }
}
