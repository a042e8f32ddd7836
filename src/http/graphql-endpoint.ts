/** `/graphql` for programs: who asks is found out, what is asked is bounded, and only then Yoga runs it. */
import type { IncomingMessage } from 'node:http'
import { createYoga } from 'graphql-yoga'
import type { Contacts } from '../contacts/contacts.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext, GatewayPlugin } from '../graphql/builder.ts'
import { useDescribedErrors } from '../graphql/describe-errors.ts'
import { useNoIntrospection } from '../graphql/introspection.ts'
import { useOperationRecord } from '../graphql/operation-record.ts'
import { schema } from '../schema.ts'
import { createDocumentCache } from '../operations/document-cache.ts'
import type { Operations } from '../operations/operations.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Authenticate } from './auth/authenticate.ts'
import { useDocumentLimits } from '../operations/document-limits.ts'
import type { Fallback } from './fast-path.ts'
import { readJsonBody } from './json-body.ts'
import { readBody } from './read-body.ts'
import type { RequestErrorInit } from '../graphql/request-error.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'
import type { PersistedDocuments } from '../operations/persisted-documents.ts'
import { usePersistedDocuments } from '../operations/persisted-documents.ts'
import { acceptedType, answerRejection, findRejection, authenticationErrors } from './rejections.ts'
import { createRequestContext } from './request-context.ts'

export interface GraphqlEndpointParts {
  readonly contacts: Contacts
  readonly authenticate: Authenticate
  readonly operations: Operations
  readonly telemetry: Telemetry
  readonly measureAnswer: () => AnswerSize
  /** Whether callers may read the schema. */
  readonly introspection: boolean
  /** Null: callers send their documents as text. */
  readonly persistedDocuments: PersistedDocuments | null
}

/** One request, as it came in. */
export interface GraphqlRequest {
  readonly request: Request
  readonly url: URL
  readonly requestId: string
  /** The same request as Node has it. */
  readonly incoming: IncomingMessage
  readonly fallback: Fallback
}

/** @param path where it is */
export function createGraphqlEndpoint(
  parts: GraphqlEndpointParts,
  path: string,
): (arrival: GraphqlRequest) => Promise<Response> {
  const { contacts, authenticate, telemetry, persistedDocuments, measureAnswer } = parts
  const plugins: GatewayPlugin[] = [
    useOperationRecord,
    useDescribedErrors(telemetry.log),
    useStrictJsonBody,
    useKnownResult,
    useDocumentLimits,
    useOperations(parts.operations),
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

  async function answer(
    { request, url, incoming, fallback }: GraphqlRequest,
    recorder: RequestRecorder,
  ): Promise<Response> {
    const { requestId } = recorder
    const address = incoming.socket.remoteAddress
    recorder.address = address
    const refuse = (refusal: RequestErrorInit, reason = refusal.message): Response => {
      recorder.erred(refusal.code ?? 'BAD_REQUEST', reason)
      return answerRejection(refusal, requestId, request.method === 'POST')
    }
    const refusal = findRejection(request, url)
    if (refusal) return refuse(refusal)
    const authentication = fallback.authentication ?? (await authenticate(request.headers, address))
    if ('failure' in authentication)
      return refuse(authenticationErrors[authentication.failure], authentication.reason)
    const { caller } = authentication
    // Who has no name has at least an address.
    recorder.admit(caller.bucket, request.method, path, {
      traceparent: request.headers.get('traceparent'),
      tracestate: request.headers.get('tracestate'),
    })
    const size = measureAnswer()
    const read = async (): Promise<Buffer> => fallback.body ?? readBody(incoming)
    return run(request, createRequestContext({ contacts, caller, recorder, size, readBody: read }))
  }

  async function run(request: Request, context: GatewayContext): Promise<Response> {
    // Yoga reads this header in a way of its own, and only when the operation has run.
    request.headers.set('accept', acceptedType(request.headers.get('accept')) ?? '')
    try {
      return await withLength(await yoga.handleRequest(request, context))
    } finally {
      context.size.release()
    }
  }

  return async (arrival) => {
    const { done } = arrival.fallback
    const recorder = done?.context.recorder ?? telemetry.request(arrival.requestId)
    try {
      const response = await (done
        ? run(arrival.request, { ...done.context, result: done.result })
        : answer(arrival, recorder))
      recorder.isClientDisconnected = !arrival.incoming.socket.writable
      recorder.ended(response.status)
      return response
    } catch (error) {
      recorder.erred('INTERNAL_SERVER_ERROR')
      recorder.ended(500)
      throw error
    }
  }
}

const useStrictJsonBody: GatewayPlugin = {
  onRequestParse({ request, serverContext, setRequestParser }) {
    if (request.method === 'POST') setRequestParser(() => readJsonBody(serverContext.readBody()))
  },
}

/** Operations are run by the gateway's own engine, in this lane as in the fast one. */
function useOperations(operations: Operations): GatewayPlugin {
  return {
    onExecute({ args: { document, operationName, variableValues, contextValue }, setExecuteFn }) {
      const { query = '' } = contextValue.params
      const operation = operations.prepare(query, document, operationName ?? undefined)
      // An operation that the document does not have is refused by the execution.
      if (operation)
        setExecuteFn(() => operations.execute(operation, contextValue, variableValues ?? undefined))
    },
  }
}

/** What has run in the fast lane is answered here when it is more than a plain success. */
const useKnownResult: GatewayPlugin = {
  onParams({ context: { result }, setResult }) {
    if (result) setResult(result)
  },
}

/** So that the answer can travel in one piece, and its reader knows how much is to come. */
async function withLength(response: Response): Promise<Response> {
  const { status, statusText, headers } = response
  const body = Buffer.from(await response.arrayBuffer())
  headers.set('content-length', String(body.length))
  return new Response(body, { status, statusText, headers })
}
