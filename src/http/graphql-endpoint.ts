/** The GraphQL endpoint: authenticates a request and limits its size before Yoga runs it. */
import type { IncomingMessage } from 'node:http'
import { createYoga } from 'graphql-yoga'
import type { Contacts } from '../contacts/contacts.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext, GatewayPlugin } from '../graphql/builder.ts'
import { isSingle, useDescribedErrors } from '../graphql/describe-errors.ts'
import { useNoIntrospection } from '../graphql/introspection.ts'
import { useOperationRecord } from '../graphql/operation-record.ts'
import type { GraphQLSchema } from 'graphql'
import { createDocumentCache } from '../operations/document-cache.ts'
import type { Operations } from '../operations/operations.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Authenticate } from './auth/authenticate.ts'
import { useDocumentLimits } from '../operations/document-limits.ts'
import { useKnownOperationTypes } from '../operations/operation-types.ts'
import type { Fallback } from './fast-path.ts'
import { readJsonBody } from './json-body.ts'
import { readBody } from './bounded-request.ts'
import type { RequestErrorInit } from '../graphql/request-error.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'
import type { PersistedDocuments } from '../operations/persisted-documents.ts'
import { usePersistedDocuments } from '../operations/persisted-documents.ts'
import {
  acceptedType,
  graphqlType,
  answerRejection,
  findRejection,
  authenticationErrors,
} from './rejections.ts'
import { createRequestContext } from './request-context.ts'

export interface GraphqlEndpointParts {
  readonly schema: GraphQLSchema
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

/** One request. */
export interface GraphqlRequest {
  readonly request: Request
  readonly url: URL
  readonly requestId: string
  /** The same request, from `node:http`. */
  readonly incoming: IncomingMessage
  readonly fallback: Fallback
}

/** @param path of the endpoint */
export function createGraphqlEndpoint(
  parts: GraphqlEndpointParts,
  path: string,
): (request: GraphqlRequest) => Promise<Response> {
  const { schema, contacts, authenticate, telemetry, persistedDocuments, measureAnswer } = parts
  const plugins: GatewayPlugin[] = [
    useOperationRecord,
    useDescribedErrors(telemetry.log),
    useStrictJsonBody,
    useFastPathResult,
    useOptionalName,
    usePersistedDocuments(persistedDocuments),
    useDocumentLimits,
    useKnownOperationTypes,
    useOperations(parts.operations),
    usePartialSuccess,
  ]
  if (!parts.introspection) plugins.push(useNoIntrospection)
  const yoga = createYoga<GatewayContext, GatewayContext>({
    schema,
    plugins,
    graphqlEndpoint: path,
    ...(persistedDocuments && { extraParamNames: ['documentId'] }),
    parserAndValidationCache: createDocumentCache(),
    // `readBody` has its own limit, without a second pass.
    maxRequestBodySize: false,
    // The gateway's error table masks errors. Yoga's masking would run first and know less.
    maskedErrors: false,
    // Yoga's log lines quote what was sent. Its errors pass the error table.
    logging: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    // Yoga answers 200 to any URL that ends so, which has no off switch. No URL ends with a space.
    healthCheckEndpoint: ' ',
  })

  async function answer(
    { request, url, incoming, fallback }: GraphqlRequest,
    recorder: RequestRecorder,
  ): Promise<Response> {
    const { requestId } = recorder
    const address = incoming.socket.remoteAddress
    recorder.address = address
    const reject = (rejection: RequestErrorInit, reason = rejection.message): Response => {
      recorder.erred(rejection.code ?? 'BAD_REQUEST', reason)
      return answerRejection(rejection, requestId, request.method === 'POST')
    }
    const rejection = findRejection(request, url)
    if (rejection) return reject(rejection)
    const authentication = fallback.authentication ?? (await authenticate(request.headers, address))
    if ('failure' in authentication)
      return reject(authenticationErrors[authentication.failure], authentication.reason)
    const { caller } = authentication
    // A caller without a name has at least an address.
    recorder.admit(caller.bucket, request.method, path, {
      traceparent: request.headers.get('traceparent'),
      tracestate: request.headers.get('tracestate'),
    })
    const size = measureAnswer()
    const read = async (): Promise<Buffer> => fallback.body ?? readBody(incoming)
    return run(request, createRequestContext({ contacts, caller, recorder, size, readBody: read }))
  }

  async function run(request: Request, context: GatewayContext): Promise<Response> {
    // Yoga reads this header differently, and only after the operation has run.
    request.headers.set('accept', acceptedType(request.headers.get('accept')) ?? '')
    try {
      return await withLength(await yoga.handleRequest(request, context))
    } finally {
      context.size.release()
    }
  }

  return async (graphqlRequest) => {
    const { request, requestId, incoming, fallback } = graphqlRequest
    const { done } = fallback
    const recorder = done?.context.recorder ?? telemetry.request(requestId)
    try {
      const response = await (done
        ? run(request, { ...done.context, result: done.result })
        : answer(graphqlRequest, recorder))
      recorder.isClientDisconnected = !incoming.socket.writable
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

/** Yoga leaves the execution of operations to `Operations`, as the fast path does. */
function useOperations(operations: Operations): GatewayPlugin {
  return {
    onExecute({ args: { document, operationName, variableValues, contextValue }, setExecuteFn }) {
      const { query = '' } = contextValue.params
      const operation = operations.prepare(query, document, operationName ?? undefined)
      // Without one, graphql-js reports that the document has no such operation.
      if (operation)
        setExecuteFn(() => operations.execute(operation, contextValue, variableValues ?? undefined))
    },
  }
}

/** Answers with the result of the fast path, which leaves all but plain successes to this path. */
const useFastPathResult: GatewayPlugin = {
  onParams({ context: { result }, setResult }) {
    if (result) setResult(result)
  },
}

/** An empty name means the same as none. Yoga reads it so in the URL of a GET, but not in a body. */
const useOptionalName: GatewayPlugin = {
  onParams({ params, setParams }) {
    if (params?.operationName !== '') return
    const { operationName: _empty, ...others } = params
    setParams(others)
  },
}

/** The code that GraphQL over HTTP recommends for data with errors. It is for logs and proxies: clients read the body. */
const partialSuccess = 294

/** Other types of responses keep 200: the code has a meaning in this one only. */
const usePartialSuccess: GatewayPlugin = {
  onResultProcess(payload) {
    const { request, result } = payload
    if (request.headers.get('accept') !== graphqlType || !isSingle(result)) return
    const { data, errors, extensions } = result
    if (data === undefined || errors === undefined) return
    payload.setResult({ ...result, extensions: { ...extensions, http: { status: partialSuccess } } })
  },
}

/** Adds `content-length`, so that the response is sent in one piece, and its reader knows its size. */
async function withLength(response: Response): Promise<Response> {
  const { status, statusText, headers } = response
  const body = Buffer.from(await response.arrayBuffer())
  headers.set('content-length', String(body.length))
  return new Response(body, { status, statusText, headers })
}
