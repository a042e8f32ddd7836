/**
 * The common request, without the layers that make it a fetch Request and its answer a Response:
 * they cost more than all the rest. It is a shortcut, and no second opinion: whatever is not plain is
 * left to the general lane before anything has run, and of what has run, all but a plain success is
 * put into words there. `test/fast-lane.test.ts` holds both lanes to the same answers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import type { Contacts } from '../../contacts/contacts.ts'
import type { GatewayContext } from '../../graphql/builder.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { CallerLimit } from '../admission/caller-limit.ts'
import type { Authenticate } from '../authentication/authenticate.ts'
import type { RequestHead } from '../cross-origin.ts'
import { readBody } from '../read-body.ts'
import { acceptedType } from '../refuse.ts'
import { hasPlainHead, readPlainBody } from './plain-request.ts'
import type { ReadyOperations } from './ready-operations.ts'

export interface FastLaneParts {
  readonly contacts: Contacts
  readonly authenticate: Authenticate
  readonly callerLimit: CallerLimit
  readonly telemetry: Telemetry
}

/** One request, and what every answer to it holds. */
export interface Ride {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly head: RequestHead
  readonly requestId: string
  /** Names and values in turn: the form that costs `node:http` least. */
  readonly answerHeaders: readonly string[]
}

/** What the general lane goes on with. */
export interface HandedOn {
  /** The request's body, where its reading has begun. */
  readonly body?: Promise<Buffer>
  /** What came of it, where it has run. */
  readonly done?: { readonly context: GatewayContext; readonly result: ExecutionResult }
}

/** @returns undefined where the request has been answered */
export type FastLane = (ride: Ride) => Promise<HandedOn | undefined>

const graphqlType = 'application/graphql-response+json'

/** @param path where GraphQL is */
export function createFastLane(
  { contacts, authenticate, callerLimit, telemetry }: FastLaneParts,
  readyOperations: ReadyOperations,
  path: string,
): FastLane {
  return async ({ incoming, response, head, requestId, answerHeaders }) => {
    if (!hasPlainHead(incoming, path)) return {}
    const given = head.headers
    const accepted = acceptedType(given.get('accept'))
    if (accepted === undefined) return {}
    const address = incoming.socket.remoteAddress
    const authentication = await authenticate(given, address)
    if ('refused' in authentication) return {}
    const { caller } = authentication

    const body = readBody(incoming)
    const parameters = await body.then(readPlainBody, () => undefined)
    if (parameters === undefined) return { body }
    const operation = readyOperations.find(parameters.query, parameters.operationName)
    if (operation === undefined) return { body }
    const { type, name, scope, calls, run } = operation
    if (calls > 0) {
      if (!caller.scopes.has(scope)) return { body }
      if ((await callerLimit.take(caller.bucket, calls)) > 0) return { body }
    }

    const activity = telemetry.request(requestId)
    activity.address = address
    activity.admit(caller.bucket, 'POST', path, {
      traceparent: given.get('traceparent'),
      tracestate: given.get('tracestate'),
    })
    activity.parsed({ type, name, text: parameters.query })
    activity.isExecuted = true
    const context: GatewayContext = {
      contacts,
      caller,
      activity,
      readBody: () => body,
      outcomes: new Map(),
      contactReads: new Map(),
    }
    const result = await run(context, parameters.variables)
    const owed = activity.callsMade - calls
    if (owed !== 0) await callerLimit.settle(caller.bucket, owed)
    // Nothing has run: the general lane has words of its own for variables that do not fit.
    if (result.data === undefined) return { body }
    if (result.errors !== undefined) return { body, done: { context, result } }

    const text = JSON.stringify(result)
    response.writeHead(200, [
      'content-type',
      accepted === graphqlType ? `${graphqlType}; charset=utf-8` : 'application/json; charset=utf-8',
      'content-length',
      String(Buffer.byteLength(text)),
      ...answerHeaders,
    ])
    activity.isCallerGone = !incoming.socket.writable
    response.end(text)
    activity.ended(200)
    return undefined
  }
}
