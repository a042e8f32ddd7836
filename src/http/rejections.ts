/** Requests that are refused before anything runs. */
import type { RequestErrorInit } from '../graphql/request-error.ts'
import { retryAfter } from '../graphql/request-error.ts'

/** Why there is no caller. The caller is not told which check failed. */
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

const jsonTypes = new Set(['*/*', 'application/*', 'application/json', 'application/graphql-response+json'])

/**
 * Checks what GraphQL's own layer would find out too late (an `accept` that can't be met is
 * noticed there after the mutation has run) or would call a failure of its own.
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
    if (text && !isJsonText(text))
      return { status: 400, message: `The parameter \`${parameter}\` is not valid JSON.` }
  }
  return undefined
}

/** The refusal in the form of every other error. */
export function answerRejection(
  refusal: RequestErrorInit,
  requestId: string,
  mayBeMutation: boolean,
): Response {
  const { status, retryAfterMs, headers } = refusal
  return new Response(renderRejection(refusal, requestId, mayBeMutation), {
    status,
    headers: { 'content-type': 'application/json', ...headers, ...retryAfter(retryAfterMs) },
  })
}

/** @returns the body of that answer, as JSON text */
export function renderRejection(
  refusal: RequestErrorInit,
  requestId: string,
  mayBeMutation: boolean,
): string {
  const { code = 'BAD_REQUEST', message, retryable = false, retryAfterMs } = refusal
  const outcome = mayBeMutation ? { outcome: 'NOT_APPLIED' } : {}
  return JSON.stringify({
    errors: [{ message, extensions: { code, ...outcome, retryable, retryAfterMs, requestId } }],
  })
}

function isJson(headers: Headers): boolean {
  const type = mediaType(headers.get('content-type') ?? '')
  return type === 'application/json' || type === 'application/graphql+json'
}

/** The first type of an `accept` header in which GraphQL can be answered; undefined if there is none. */
export function acceptedType(accept: string | null): string | undefined {
  if (accept === null) return '*/*'
  // What most say, as it is.
  if (jsonTypes.has(accept)) return accept
  const range = accept.split(',').find((text) => jsonTypes.has(mediaType(text)) && isUtf8(text))
  return range && mediaType(range)
}

function mediaType(text: string): string {
  return text.split(';')[0]?.trim().toLowerCase() ?? ''
}

/** GraphQL is answered in UTF-8 and in nothing else. */
function isUtf8(range: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^;"\s]+)/i.exec(range)?.[1]
  return charset === undefined || charset.toLowerCase() === 'utf-8'
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
