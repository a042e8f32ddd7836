/** Rejects requests before anything runs. */
import { parseJson } from '../domain/json.ts'
import type { RequestErrorInit } from '../graphql/request-error.ts'
import { retryAfter } from '../graphql/request-error.ts'

/** Why authentication failed. The response does not reveal which check did. */
export const authenticationErrors = {
  UNAUTHENTICATED: {
    status: 401,
    code: 'UNAUTHENTICATED',
    message: 'Missing or invalid credentials. Send an API key in `x-api-key`.',
    headers: { 'www-authenticate': 'Bearer' },
  },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    code: 'AUTHENTICATION_UNAVAILABLE',
    message: 'The gateway cannot check credentials now. Try again later.',
    retryable: true,
  },
} as const satisfies Readonly<Record<'UNAUTHENTICATED' | 'AUTHENTICATION_UNAVAILABLE', RequestErrorInit>>

/** The media type of a GraphQL response, whose status is that of the operation. */
export const graphqlType = 'application/graphql-response+json'
const jsonTypes = new Set(['*/*', 'application/*', 'application/json', graphqlType])

/**
 * Checks what Yoga would check too late, or report as its own failure. For example, Yoga checks `accept` after
 * a mutation has run.
 */
export function findRejection({ method, headers }: Request, url: URL): RequestErrorInit | undefined {
  if (method !== 'GET' && method !== 'POST') {
    return { status: 405, message: 'Use POST or GET.', headers: { allow: 'GET, POST' } }
  }
  if (method === 'POST' && !isJson(headers)) {
    return { status: 415, message: 'Send the request body with `content-type: application/json`.' }
  }
  if (!/^(?:identity)?$/i.test(headers.get('content-encoding') ?? '')) {
    return { status: 415, message: 'Send the request body uncompressed, without `content-encoding`.' }
  }
  if (acceptedType(headers.get('accept')) === undefined) {
    return { status: 406, message: 'Accept `application/json` or `application/graphql-response+json`.' }
  }
  if (method === 'POST') return undefined
  for (const parameter of ['variables', 'extensions']) {
    const text = url.searchParams.get(parameter)
    if (text && parseJson(text) === undefined)
      return { status: 400, message: `The parameter \`${parameter}\` is not valid JSON.` }
  }
  return undefined
}

/** @returns the rejection as a GraphQL response */
export function answerRejection(
  rejection: RequestErrorInit,
  requestId: string,
  mayBeMutation: boolean,
): Response {
  const { status, retryAfterMs, headers } = rejection
  return new Response(renderRejection(rejection, requestId, mayBeMutation), {
    status,
    headers: { 'content-type': 'application/json', ...headers, ...retryAfter(retryAfterMs) },
  })
}

/** @returns the body of that response, as JSON */
export function renderRejection(
  rejection: RequestErrorInit,
  requestId: string,
  mayBeMutation: boolean,
): string {
  const { code = 'BAD_REQUEST', message, retryable = false, retryAfterMs } = rejection
  const outcome = mayBeMutation ? { outcome: 'NOT_APPLIED' } : {}
  return JSON.stringify({
    errors: [{ message, extensions: { code, ...outcome, retryable, retryAfterMs, requestId } }],
  })
}

function isJson(headers: Headers): boolean {
  const type = mediaType(headers.get('content-type') ?? '')
  return type === 'application/json' || type === 'application/graphql+json'
}

/** @returns the first type of an `accept` header that the gateway can answer with; undefined if there is none */
export function acceptedType(accept: string | null): string | undefined {
  if (accept === null) return '*/*'
  // The common case.
  if (jsonTypes.has(accept)) return accept
  const range = accept.split(',').find((text) => jsonTypes.has(mediaType(text)) && isUtf8(text))
  return range && mediaType(range)
}

function mediaType(text: string): string {
  return text.split(';')[0]?.trim().toLowerCase() ?? ''
}

/** Responses are UTF-8 only. */
function isUtf8(range: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^;"\s]+)/i.exec(range)?.[1]
  return charset === undefined || charset.toLowerCase() === 'utf-8'
}
