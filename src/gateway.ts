/** The gateway as a function from a request to a response. It knows no socket and no process. */
import type { IncomingMessage } from 'node:http'
import { createServerAdapter } from '@whatwg-node/server'
import { createYoga } from 'graphql-yoga'
import type { Caller } from './caller.ts'
import { scopes } from './caller.ts'
import type { Contacts } from './contacts/contacts.ts'
import type { GatewayContext, GatewayPlugin } from './graphql/builder.ts'
import { useErrorTable } from './graphql/error-table.ts'
import { useNoIntrospection } from './graphql/introspection.ts'
import { schema } from './graphql/schema.ts'
import { useAdmission } from './http/admission.ts'
import type { CallerLimit } from './http/caller-limit.ts'
import { createCrossOrigin } from './http/cross-origin.ts'
import { createDocumentCache } from './http/document-cache.ts'
import { useDocumentLimits } from './http/document-limits.ts'
import type { Health } from './http/health.ts'
import { answerLiveness, answerReadiness } from './http/health.ts'
import { readJsonBody } from './http/json-body.ts'
import type { PersistedDocuments } from './http/persisted-documents.ts'
import { usePersistedDocuments } from './http/persisted-documents.ts'
import { assetsPath, createPlayground } from './http/playground/playground.ts'
import type { Refusal } from './http/refuse.ts'
import { answerRefusal, findRefusal } from './http/refuse.ts'
import { requestIdOf } from './http/request-id.ts'
import { securityHeaders } from './http/security-headers.ts'
import type { Logger } from './telemetry/log.ts'

export interface GatewayParts {
  readonly contacts: Contacts
  readonly callerLimit: CallerLimit
  readonly health: Health
  readonly log: Logger
  /** Whether a browser is shown GraphiQL. */
  readonly graphiql: boolean
  /** Whether callers may read the schema. */
  readonly introspection: boolean
  /** Exact origins whose pages may read answers. */
  readonly corsOrigins: readonly string[]
  /** Null: callers send their documents as text. */
  readonly persistedDocuments: PersistedDocuments | null
  /** Whether only this machine can reach the gateway. */
  readonly isLocal: boolean
}

const graphqlPath = '/graphql'
/** Callers are not told apart yet. */
const anyone: Caller = { name: 'anyone', bucket: 'anyone', scopes: new Set(scopes) }

/** @returns a listener for `node:http` */
export function createGateway(parts: GatewayParts) {
  const { contacts, callerLimit, health, log } = parts
  const playground = parts.graphiql ? createPlayground(graphqlPath) : undefined
  const crossOrigin = createCrossOrigin({ corsOrigins: parts.corsOrigins, isHostChecked: parts.isLocal })
  const plugins: GatewayPlugin[] = [
    useErrorTable(parts),
    useStrictJsonBody,
    useDocumentLimits,
    useAdmission(callerLimit),
  ]
  if (parts.persistedDocuments) plugins.push(usePersistedDocuments(parts.persistedDocuments))
  if (!parts.introspection) plugins.push(useNoIntrospection)
  const yoga = createYoga<GatewayContext, GatewayContext>({
    schema,
    plugins,
    graphqlEndpoint: graphqlPath,
    parserAndValidationCache: createDocumentCache(),
    // `readBody` has its own, which costs nothing.
    maxRequestBodySize: false,
    // Our error table masks, with the request's id; Yoga's would run first and know less.
    maskedErrors: false,
    // Its lines say which step it takes, and quote what it was sent; its errors come by the error table.
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    // Yoga answers 200 to any URL that ends so, and cannot be told not to: a space ends no URL.
    healthCheckEndpoint: ' ',
  })

  async function answer(request: Request, url: URL, context: GatewayContext): Promise<Response> {
    const { pathname } = url
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (pathname === graphqlPath) {
      if (request.method === 'OPTIONS') return crossOrigin.answerPreflight()
      if (playground && isRead && wantsPage(request)) return playground.answerPage()
      const refusal = findRefusal(request, url)
      if (refusal) return refuse(refusal, request, context)
      return yoga.handleRequest(request, context)
    }
    if (!isRead) return new Response('Not found\n', { status: 404 })
    if (pathname === '/') return new Response(null, { status: 302, headers: { location: graphqlPath } })
    if (pathname === '/livez') return answerLiveness()
    if (pathname === '/readyz') return answerReadiness(health)
    if (playground && pathname.startsWith(assetsPath)) {
      return playground.answerAsset(pathname, request.headers.get('accept-encoding'))
    }
    return new Response('Not found\n', { status: 404 })
  }

  async function answerChecked(request: Request, context: GatewayContext): Promise<Response> {
    // Node makes the URL of the `Host` header, which may hold anything.
    const url = URL.parse(request.url)
    if (url === null || !hasOneHost(context.incoming)) return refuse(badHost, request, context)
    const refusal = crossOrigin.findRefusal(request, url)
    return refusal ? refuse(refusal, request, context) : answer(request, url, context)
  }

  return createServerAdapter<{ req: IncomingMessage }>(async (request, { req }) => {
    const requestId = requestIdOf(request.headers)
    let calls = 0
    const origin = { caller: anyone, countCall: () => void (calls += 1) }
    const context = { contacts, origin, callsMade: () => calls, requestId, incoming: req }
    const response = await answerChecked(request, context).catch((error: unknown) => {
      log.error({ requestId, err: error }, 'a bug')
      return new Response('Something went wrong inside the gateway\n', { status: 500 })
    })
    for (const [name, value] of Object.entries(securityHeaders)) {
      if (!response.headers.has(name)) response.headers.set(name, value)
    }
    for (const [name, value] of Object.entries(crossOrigin.headersFor(request))) {
      if (name === 'vary') response.headers.append(name, value)
      else response.headers.set(name, value)
    }
    response.headers.set('x-request-id', requestId)
    return response
  })
}

const useStrictJsonBody: GatewayPlugin = {
  onRequestParse({ request, serverContext, setRequestParser }) {
    if (request.method === 'POST') setRequestParser(() => readJsonBody(serverContext.incoming))
  },
}

function refuse(refusal: Refusal, { method }: Request, { requestId }: GatewayContext): Response {
  return answerRefusal(refusal, requestId, method === 'POST')
}

const badHost: Refusal = {
  status: 400,
  message: 'The request must have one Host header, which names a host',
  // What follows on this connection may not be what its sender thinks it is.
  headers: { connection: 'close' },
}

/** Of several, Node would take the first, and a proxy in front perhaps the last. RFC 9112, section 3.2. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((text, index) => index % 2 === 0 && /^host$/i.test(text)).length === 1
}

/** Browsers say so in `accept` when they open an address; programs do not. */
function wantsPage({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/html') ?? false
}
