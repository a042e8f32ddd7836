/** The listener for `node:http` that answers every request. It opens no socket. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServerAdapter } from '@whatwg-node/server'
import { LRUCache } from 'lru-cache'
import type { CrossOriginOptions } from './cross-origin.ts'
import { createCrossOrigin } from './cross-origin.ts'
import { createPreflightLog } from './preflight-log.ts'
import type { FastPath, Fallback } from './fast-path.ts'
import { createFastPath } from './fast-path.ts'
import type { GraphqlRequest, GraphqlEndpointParts } from './graphql-endpoint.ts'
import { createGraphqlEndpoint } from './graphql-endpoint.ts'
import type { Health } from './health.ts'
import { answerLiveness, answerReadiness } from './health.ts'
import { createMetricsEndpoint } from './metrics-endpoint.ts'
import { assetsPath, createPlayground } from './playground/playground.ts'
import type { RequestErrorInit } from '../graphql/request-error.ts'
import { answerRejection } from './rejections.ts'
import { badHost, readTarget } from './request-target.ts'
import { headOf, requestIdOf, securityHeaders } from './headers.ts'

export interface RequestListenerParts extends GraphqlEndpointParts, CrossOriginOptions {
  readonly health: Health
  /** Whether browsers get GraphiQL. */
  readonly graphiql: boolean
  /** Whether common requests take the fast path, which changes nothing but their cost. */
  readonly hasFastPath: boolean
}

/** What the adapter adds to a fetch Request. */
interface AdapterContext {
  readonly req: IncomingMessage
  readonly requestId: string
  readonly target: ReturnType<typeof readTarget>
  readonly fallback: Fallback
}

const graphqlPath = '/graphql'
const securityHeaderList = Object.entries(securityHeaders).flat()

/** @returns a listener for `node:http`; it does not reject */
export function createRequestListener(
  parts: RequestListenerParts,
): (incoming: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { health, telemetry, hasFastPath } = parts
  const { log } = telemetry
  const playground = parts.graphiql ? createPlayground(graphqlPath) : undefined
  const crossOrigin = createCrossOrigin(parts)
  const logPreflight = createPreflightLog(crossOrigin, log)
  /** URLs by host. Callers use few hosts. */
  const hosts = new LRUCache<string, URL>({ max: 100 })
  const answerGraphql = createGraphqlEndpoint(parts, graphqlPath)
  const fastPath = createFastPath(parts, graphqlPath)
  const answerMetrics = createMetricsEndpoint(parts)

  async function route(graphqlRequest: GraphqlRequest, path: string): Promise<Response> {
    const { request, url, requestId, incoming } = graphqlRequest
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (path === graphqlPath) {
      if (request.method === 'OPTIONS') {
        logPreflight(request, requestId, incoming.socket.remoteAddress)
        return crossOrigin.answerPreflight()
      }
      if (playground && isRead && wantsPage(request)) return playground.answerPage()
      return answerGraphql(graphqlRequest)
    }
    // HAProxy's `option httpchk` uses OPTIONS by default.
    if (isRead || request.method === 'OPTIONS') {
      if (path === '/livez') return answerLiveness()
      if (path === '/readyz') return answerReadiness(health, url.searchParams.getAll('exclude'))
    }
    if (!isRead) return new Response('Not found\n', { status: 404 })
    if (path === '/') return new Response(null, { status: 302, headers: { location: graphqlPath } })
    if (path === '/metrics') return answerMetrics(request, incoming, requestId)
    if (playground && path.startsWith(assetsPath)) {
      return playground.answerAsset(path, request.headers.get('accept-encoding'))
    }
    return new Response('Not found\n', { status: 404 })
  }

  function tryFastPath(request: Parameters<FastPath>[0]): Fallback | Promise<Fallback | undefined> {
    const host = request.head.headers.get('host')
    if (!hasFastPath || host === null) return {}
    const cached = hosts.get(host)
    const url = cached ?? URL.parse(`http://${host}${graphqlPath}`)
    if (url === null || crossOrigin.findRejection(request.head, url)) return {}
    if (cached === undefined) hosts.set(host, url)
    return fastPath(request)
  }

  async function answer(
    { request, requestId, incoming, fallback }: Omit<GraphqlRequest, 'url'>,
    target: AdapterContext['target'],
  ): Promise<Response> {
    const reject = (rejection: RequestErrorInit): Response => {
      const { status, code = 'BAD_REQUEST', message: reason } = rejection
      telemetry.rejected({ requestId, address: incoming.socket.remoteAddress, status, code, reason })
      return answerRejection(rejection, requestId, request.method === 'POST')
    }
    if ('refusal' in target) return reject(target.refusal)
    // A host may have a valid form and still be invalid, for example 1.2.3.4.5.
    const url = URL.parse(request.url)
    if (url === null) return reject(badHost)
    const rejection = crossOrigin.findRejection(request, url)
    return rejection ? reject(rejection) : route({ request, url, requestId, incoming, fallback }, target.path)
  }

  /** @returns the body of a response that says nothing about the error */
  function reportUnexpectedError(error: unknown, requestId: string): string {
    log.error({ requestId, err: error }, 'unexpected error')
    return 'Something went wrong inside the gateway.\n'
  }

  const general = createServerAdapter<AdapterContext>(
    async (request, { req, requestId, target, fallback }) => {
      const response = await answer({ request, requestId, incoming: req, fallback }, target).catch(
        (error: unknown) => new Response(reportUnexpectedError(error, requestId), { status: 500 }),
      )
      for (const [name, value] of Object.entries(securityHeaders)) {
        if (!response.headers.has(name)) response.headers.set(name, value)
      }
      for (const [name, value] of Object.entries(crossOrigin.headersFor(request))) {
        response.headers.append(name, value)
      }
      response.headers.set('x-request-id', requestId)
      return response
    },
  )

  return async (incoming, response) => {
    const head = headOf(incoming)
    const requestId = requestIdOf(head.headers)
    const answerHeaders = [...securityHeaderList]
    for (const [name, value] of Object.entries(crossOrigin.headersFor(head))) answerHeaders.push(name, value)
    answerHeaders.push('x-request-id', requestId)
    const target = readTarget(incoming)
    const isRejected = 'refusal' in target
    // The absolute and the origin form of a target mean the same. From here on it is the origin form.
    if (!isRejected) incoming.url = target.originForm
    try {
      const request = { incoming, response, head, requestId, answerHeaders }
      const fallback = isRejected ? {} : await tryFastPath(request)
      if (fallback) await general(incoming, response, { requestId, target, fallback })
    } catch (error) {
      const text = reportUnexpectedError(error, requestId)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, ['content-type', 'text/plain;charset=UTF-8', ...answerHeaders]).end(text)
    }
  }
}

/** Browsers accept `text/html` when they open an address. Programs do not. */
function wantsPage({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/html') ?? false
}
