/**
 * Answers the common request without a fetch Request and Response, which cost more than everything else. It
 * changes nothing but the cost: any other request goes to the general path before anything has run, and so
 * does a result that is not a plain success. Both paths run operations by `operations/`.
 * `test/gateway/fast-path.test.ts` compares their responses.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import type { Contacts } from '../contacts/contacts.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext } from '../graphql/builder.ts'
import type { Operations } from '../operations/operations.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Authenticate, Authentication } from './auth/authenticate.ts'
import type { RequestHead } from './headers.ts'
import { readBody } from './bounded-request.ts'
import { acceptedType, graphqlType } from './rejections.ts'
import { createRequestContext } from './request-context.ts'
import { hasPlainHead, readPlainBody } from './plain-request.ts'

export interface FastPathParts {
  readonly contacts: Contacts
  readonly authenticate: Authenticate
  readonly operations: Operations
  readonly telemetry: Telemetry
  readonly measureAnswer: () => AnswerSize
}

/** One request, and the headers of its response. */
export interface FastPathRequest {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly head: RequestHead
  readonly requestId: string
  /** Alternating names and values, which is the fastest form for `node:http`. */
  readonly answerHeaders: readonly string[]
}

/** What the general path continues with. */
export interface Fallback {
  /** The result of authentication, if it has run. */
  readonly authentication?: Authentication
  /** The request's body, if reading it has started. */
  readonly body?: Buffer | Promise<Buffer>
  /** The result of the operation, if it has run. */
  readonly done?: { readonly context: GatewayContext; readonly result: ExecutionResult }
}

/** @returns undefined if the request has been answered */
export type FastPath = (request: FastPathRequest) => Promise<Fallback | undefined>

/** @param path of the GraphQL endpoint */
export function createFastPath(
  { contacts, authenticate, operations, telemetry, measureAnswer }: FastPathParts,
  path: string,
): FastPath {
  return async ({ incoming, response, head, requestId, answerHeaders }) => {
    if (!hasPlainHead(incoming, path)) return {}
    const given = head.headers
    const accepted = acceptedType(given.get('accept'))
    if (accepted === undefined) return {}
    const address = incoming.socket.remoteAddress
    const authentication = await authenticate(given, address)
    if ('failure' in authentication) return { authentication }
    const { caller } = authentication

    const body = readBody(incoming)
    const parameters = Buffer.isBuffer(body)
      ? readPlainBody(body)
      : await body.then(readPlainBody, () => undefined)
    if (parameters === undefined) return { authentication, body }
    const operation = operations.find(parameters.query, parameters.operationName)
    if (operation === undefined) return { authentication, body }

    const recorder = telemetry.request(requestId)
    recorder.address = address
    recorder.admit(caller.bucket, 'POST', path, {
      traceparent: given.get('traceparent'),
      tracestate: given.get('tracestate'),
    })
    recorder.parsed({ type: operation.type, name: operation.name, text: parameters.query })
    const size = measureAnswer()
    const context = createRequestContext({ contacts, caller, recorder, size, readBody: async () => body })
    const result = await operations.execute(operation, context, parameters.variables)
    if (result.data === undefined || result.errors !== undefined) return { done: { context, result } }

    const text = JSON.stringify(result)
    response.writeHead(200, [
      'content-type',
      accepted === graphqlType ? `${graphqlType}; charset=utf-8` : 'application/json; charset=utf-8',
      'content-length',
      String(Buffer.byteLength(text)),
      ...answerHeaders,
    ])
    recorder.isClientDisconnected = !incoming.socket.writable
    response.end(text)
    size.release()
    recorder.ended(200)
    return undefined
  }
}
