/** `/graphql` for programs: who asks is found out, what is asked is bounded, and only then Yoga runs it. */
import type { IncomingMessage } from 'node:http'
import { createYoga } from 'graphql-yoga'
import type { Contacts } from '../contacts/contacts.ts'
import type { GatewayContext, GatewayPlugin } from '../graphql/builder.ts'
import { useErrorTable } from '../graphql/error-table.ts'
import { useNoIntrospection } from '../graphql/introspection.ts'
import { schema } from '../graphql/schema.ts'
import type { Logger } from '../telemetry/log.ts'
import { useAdmission } from './admission/admission.ts'
import type { Authenticate } from './authentication/authenticate.ts'
import type { CallerLimit } from './admission/caller-limit.ts'
import { createDocumentCache } from './documents/document-cache.ts'
import { useDocumentLimits } from './documents/document-limits.ts'
import { readJsonBody } from './json-body.ts'
import type { PersistedDocuments } from './documents/persisted-documents.ts'
import { usePersistedDocuments } from './documents/persisted-documents.ts'
import type { Refusal } from '../graphql/refused.ts'
import { acceptedType, answerRefusal, findRefusal } from './refuse.ts'

export interface GraphqlEndpointParts {
  readonly contacts: Contacts
  readonly authenticate: Authenticate
  readonly callerLimit: CallerLimit
  readonly log: Logger
  /** Whether callers may read the schema. */
  readonly introspection: boolean
  /** Null: callers send their documents as text. */
  readonly persistedDocuments: PersistedDocuments | null
}

/** One request, as it came in. */
export interface Arrival {
  readonly request: Request
  readonly url: URL
  readonly requestId: string
  /** The same request as Node has it, its body unread. */
  readonly incoming: IncomingMessage
}

/** @param path where it is */
export function createGraphqlEndpoint(
  parts: GraphqlEndpointParts,
  path: string,
): (arrival: Arrival) => Promise<Response> {
  const { contacts, authenticate, log, persistedDocuments } = parts
  const plugins: GatewayPlugin[] = [
    useErrorTable(log),
    useStrictJsonBody,
    useDocumentLimits,
    useAdmission(parts.callerLimit),
  ]
  if (persistedDocuments) plugins.push(usePersistedDocuments(persistedDocuments))
  if (!parts.introspection) plugins.push(useNoIntrospection)
  const yoga = createYoga<GatewayContext, GatewayContext>({
    schema,
    plugins,
    graphqlEndpoint: path,
    ...(persistedDocuments && { extraParamNames: ['documentId'] }),
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

  return async ({ request, url, requestId, incoming }) => {
    const refuse = (refusal: Refusal): Response =>
      answerRefusal(refusal, requestId, request.method === 'POST')
    const address = incoming.socket.remoteAddress
    const refusal = findRefusal(request, url)
    if (refusal) {
      log.info(
        { requestId, address, status: refusal.status, reason: refusal.message },
        'a request was refused',
      )
      return refuse(refusal)
    }
    const authentication = await authenticate(request.headers, address)
    if ('refused' in authentication) {
      const { refused, reason } = authentication
      // What is not the caller's fault is for the operator to mend.
      const level = refused === 'AUTHENTICATION_UNAVAILABLE' ? 'warn' : 'info'
      log[level]({ requestId, code: refused, reason, address }, 'a caller was turned away')
      return refuse(turnedAway[refused])
    }
    // Yoga reads this header in a way of its own, and only when the operation has run.
    request.headers.set('accept', acceptedType(request.headers.get('accept')) ?? '')
    const { caller } = authentication
    let calls = 0
    const origin = { caller, countCall: () => void (calls += 1) }
    return yoga.handleRequest(request, {
      contacts,
      origin,
      callsMade: () => calls,
      requestId,
      incoming,
      outcomes: new Map(),
      contactReads: new Map(),
    })
  }
}

const turnedAway: Readonly<Record<'UNAUTHENTICATED' | 'AUTHENTICATION_UNAVAILABLE', Refusal>> = {
  UNAUTHENTICATED: {
    status: 401,
    code: 'UNAUTHENTICATED',
    message: 'The request has no valid credentials',
    headers: { 'www-authenticate': 'Bearer' },
  },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    code: 'AUTHENTICATION_UNAVAILABLE',
    message: 'The credentials can’t be checked now',
    retryable: true,
  },
}

const useStrictJsonBody: GatewayPlugin = {
  onRequestParse({ request, serverContext, setRequestParser }) {
    if (request.method === 'POST') setRequestParser(() => readJsonBody(serverContext.incoming))
  },
}
