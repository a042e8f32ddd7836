/** `/metrics`, in Prometheus' text format. Metrics show the activity of all callers, so they need a scope. */
import type { IncomingMessage } from 'node:http'
import type { RequestErrorInit } from '../graphql/request-error.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Authenticate } from './auth/authenticate.ts'
import { answerRejection, authenticationErrors } from './rejections.ts'

export interface MetricsEndpointParts {
  readonly authenticate: Authenticate
  readonly telemetry: Telemetry
}

/**
 * Creates the endpoint. It authenticates like the GraphQL endpoint, and needs the scope `metrics:read`.
 *
 * @returns a function that answers a request. It does not reject
 */
export function createMetricsEndpoint({ authenticate, telemetry }: MetricsEndpointParts) {
  const { metrics, log } = telemetry

  return async (request: Request, incoming: IncomingMessage, requestId: string): Promise<Response> => {
    const address = incoming.socket.remoteAddress
    const refuse = (
      refusal: RequestErrorInit & { readonly code: string },
      reason: string,
      caller?: string,
    ): Response => {
      const { code } = refusal
      log.info({ requestId, caller, address, code, reason }, 'access to the metrics was denied')
      telemetry.countAuthenticationFailure(code)
      return answerRejection(refusal, requestId, false)
    }
    const authentication = await authenticate(request.headers, address)
    if ('failure' in authentication)
      return refuse(authenticationErrors[authentication.failure], authentication.reason)
    const { name, scopes } = authentication.caller
    if (!scopes.has('metrics:read')) return refuse(lacksScope, lacksScope.message, name)
    return new Response(await metrics.read(), { headers: { 'content-type': metrics.contentType } })
  }
}

const lacksScope = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'The metrics need the scope metrics:read, which this caller does not have.',
} as const
