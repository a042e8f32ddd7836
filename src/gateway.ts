/** The gateway as a function from a request to a response. It knows no socket and no process. */
import { createServerAdapter } from '@whatwg-node/server'
import { NoSchemaIntrospectionCustomRule } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { createYoga } from 'graphql-yoga'
import type { Contacts } from './contacts/contacts.ts'
import type { GatewayContext } from './graphql/builder.ts'
import { useErrorTable } from './graphql/error-table.ts'
import { schema } from './graphql/schema.ts'
import type { Health } from './http/health.ts'
import { answerLiveness, answerReadiness } from './http/health.ts'
import { readJsonBody } from './http/json-body.ts'
import { assetsPath, createPlayground } from './http/playground/playground.ts'
import { answerRefusal, findRefusal } from './http/refuse.ts'
import { requestIdOf } from './http/request-id.ts'
import type { Logger } from './telemetry/log.ts'

export interface GatewayParts {
  readonly contacts: Contacts
  readonly health: Health
  readonly log: Logger
  /** Whether a browser is shown GraphiQL. */
  readonly graphiql: boolean
  /** Whether callers may read the schema. */
  readonly introspection: boolean
}

const graphqlPath = '/graphql'
/** Callers are not told apart yet. */
const anyone = 'anyone'

/** @returns a listener for `node:http`, which also has a `fetch` of its own */
export function createGateway(parts: GatewayParts) {
  const { contacts, health, log } = parts
  const playground = parts.graphiql ? createPlayground(graphqlPath) : undefined
  const plugins: Plugin<GatewayContext, GatewayContext>[] = [useErrorTable(log), useStrictJsonBody]
  if (!parts.introspection) plugins.push(useNoIntrospection)
  const yoga = createYoga<GatewayContext, GatewayContext>({
    schema,
    plugins,
    graphqlEndpoint: graphqlPath,
    // Our error table masks, with the request's id; Yoga's would run first and know less.
    maskedErrors: false,
    logging: {
      debug: (...message) => log.trace({ yoga: message }),
      info: (...message) => log.debug({ yoga: message }),
      warn: (...message) => log.warn({ yoga: message }),
      // What Yoga reports as an error comes by the error table as well, and is logged there.
      error: (...message) => log.debug({ yoga: message }),
    },
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    // Yoga answers 200 to any URL that ends so, and cannot be told not to: a space ends no URL.
    healthCheckEndpoint: ' ',
  })

  async function answer(request: Request, context: GatewayContext): Promise<Response> {
    // Node makes the URL of the `Host` header, which may hold anything.
    const url = URL.parse(request.url)
    if (url === null)
      return answerRefusal({ status: 400, message: 'The Host header is no host' }, context.requestId)
    const { pathname } = url
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (pathname === graphqlPath) {
      if (playground && isRead && wantsPage(request)) return playground.answerPage()
      const refusal = findRefusal(request, url)
      if (refusal) return answerRefusal(refusal, context.requestId)
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

  return createServerAdapter(async (request: Request): Promise<Response> => {
    const requestId = requestIdOf(request.headers)
    const response = await answer(request, { contacts, caller: anyone, requestId }).catch(
      (error: unknown) => {
        log.error({ requestId, err: error }, 'a bug')
        return new Response('Something went wrong inside the gateway\n', { status: 500 })
      },
    )
    response.headers.set('x-request-id', requestId)
    return response
  })
}

const useStrictJsonBody: Plugin<GatewayContext, GatewayContext> = {
  onRequestParse({ request, setRequestParser }) {
    if (request.method === 'POST') setRequestParser(readJsonBody)
  },
}

const useNoIntrospection: Plugin<GatewayContext, GatewayContext> = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
  },
}

/** Browsers say so in `accept` when they open an address; programs do not. */
function wantsPage({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/html') ?? false
}
