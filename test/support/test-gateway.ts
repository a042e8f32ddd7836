/** The whole gateway over real sockets, with the sandbox as Callbell. It is closed after the test. */
import type { ExecutionResult } from 'graphql'
import { print } from 'graphql'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { AppOverrides, AppSettings } from '../../src/app.ts'
import { createApp } from '../../src/app.ts'
import type { TypedDocumentNode } from '../../src/client/typed-document-node.ts'
import type { Contacts } from '../../src/contacts/contacts.ts'
import type { AuthenticateOptions } from '../../src/http/auth/authenticate.ts'
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { StartTrace } from '../../src/telemetry/span.ts'
import { creationKinds } from '../../src/domain/call-observer.ts'

export interface TestGatewayOptions extends Partial<AppSettings>, AppOverrides {
  /** The URL of the upstream, if it is not the sandbox. */
  readonly url?: string
  readonly store?: Store
  /** Default: no authentication. */
  readonly authentication?: Partial<AuthenticateOptions>
  readonly sandbox?: Partial<SandboxOptions>
  readonly startTrace?: StartTrace
}

/** The defaults of tests. */
const settings: AppSettings = {
  timeoutMs: 5000,
  maxRps: 300,
  resendAfterMs: 60_000,
  ttlMs: 24 * 3_600_000,
  isKeyRequired: false,
  callerStoreBytes: 0,
  callerRps: 0,
  corsOrigins: [],
  corsAllowedHeaders: [],
  persistedDocuments: null,
  graphiql: true,
  introspection: true,
  logSample: 1,
  drainDelayMs: 0,
  isHostChecked: true,
}

export interface TestGateway {
  /** `http://127.0.0.1:…/graphql` */
  readonly url: string
  readonly sandbox: Sandbox
  readonly contacts: Contacts
  /** All log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** Forgets all log lines so far. */
  readonly forgetLog: () => void
  /** Posts a document and returns the JSON of the response. */
  readonly execute: <Data, Variables>(
    document: string | TypedDocumentNode<Data, Variables>,
    variables?: Variables,
  ) => Promise<ExecutionResult<Data>>
  /** The number of client connections to the gateway. */
  readonly connections: () => Promise<number>
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<Response>
}

/** A token that may appear only in the `authorization` header of requests to Callbell. */
export const sentinelToken = 'sentinel-b2f1c0de'

/** @param options differences from `settings`. By default, the lookups of all kinds are proved */
export async function createTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const sandbox = await startSandbox({ token: sentinelToken, ...options.sandbox })
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'trace',
    secrets: [sandbox.token],
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  const store = options.store ?? openMemoryStore()
  const app = createApp({
    settings: { ...settings, ...options },
    log,
    store,
    upstream: { kind: 'sandbox', url: options.url ?? sandbox.url, token: sandbox.token },
    authentication: { apiKeys: null, jwt: null, ...options.authentication },
    version: '1.2.3',
    knownOperations: ['CreateContact'],
    startTrace: options.startTrace,
    // No previous process has used the limit.
    limiterStartsAt: 0,
    overrides: { proved: creationKinds, ...options },
  })
  const { contacts, server } = app
  const url = await app.listen(0, '127.0.0.1')

  onTestFinished(async () => {
    const destroyed = app.destroy()
    await sandbox.close()
    await destroyed
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
