/** Requests that are refused before anything runs. */
import { GraphQLError } from 'graphql'

const jsonTypes = new Set(['*/*', 'application/*', 'application/json', 'application/graphql-response+json'])

/** Why a request is not served. */
export interface Refusal {
  readonly status: number
  /** Default: `BAD_REQUEST`. */
  readonly code?: RefusalCode
  /** For the caller. */
  readonly message: string
  /** Whether the same request may be served later. */
  readonly retryable?: boolean
  /** Milliseconds until then, where they are known. */
  readonly retryAfterMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

export type RefusalCode =
  | 'BAD_REQUEST'
  | 'REQUEST_ENTITY_TOO_LARGE'
  | 'UNAUTHENTICATED'
  | 'AUTHENTICATION_UNAVAILABLE'
  | 'FORBIDDEN'
  | 'QUERY_TOO_COMPLEX'
  | 'RATE_LIMITED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_REQUIRED'

/** A refusal as GraphQL's layers pass it on: with its status and headers, and one error. */
export class Refused extends GraphQLError {
  constructor({ status, code = 'BAD_REQUEST', message, retryable = false, retryAfterMs, headers }: Refusal) {
    super(message, {
      extensions: {
        code,
        retryable,
        retryAfterMs,
        http: { status, headers: { ...headers, ...retryAfter(retryAfterMs) } },
      },
    })
  }
}

/**
 * Checks what GraphQL's own layer would find out too late (an `accept` that can't be met is
 * noticed there after the mutation has run) or would call a failure of its own.
 */
export function findRefusal({ method, headers }: Request, url: URL): Refusal | undefined {
  if (method !== 'GET' && method !== 'POST') {
    return { status: 405, message: 'GraphQL is asked by POST or GET', headers: { allow: 'GET, POST' } }
  }
  if (method === 'POST' && !isJson(headers)) {
    return { status: 415, message: 'The request must have the content-type application/json' }
  }
  if (!/^(?:identity)?$/i.test(headers.get('content-encoding') ?? '')) {
    return { status: 415, message: 'The request body must not be compressed' }
  }
  if (!acceptsJson(headers.get('accept'))) {
    return { status: 406, message: 'The request must accept application/json' }
  }
  if (method === 'POST') return undefined
  for (const parameter of ['variables', 'extensions']) {
    const text = url.searchParams.get(parameter)
    if (text && !isJsonText(text)) return { status: 400, message: `The parameter ${parameter} must be JSON` }
  }
  return undefined
}

/** The refusal in the form of every other error. */
export function answerRefusal(refusal: Refusal, requestId: string, mayBeMutation: boolean): Response {
  const { status, retryAfterMs, headers } = refusal
  return new Response(renderRefusal(refusal, requestId, mayBeMutation), {
    status,
    headers: { 'content-type': 'application/json', ...headers, ...retryAfter(retryAfterMs) },
  })
}

/** @returns the body of that answer, as JSON text */
export function renderRefusal(refusal: Refusal, requestId: string, mayBeMutation: boolean): string {
  const { code = 'BAD_REQUEST', message, retryable = false, retryAfterMs } = refusal
  const outcome = mayBeMutation ? { outcome: 'NOT_APPLIED' } : {}
  return JSON.stringify({
    errors: [{ message, extensions: { code, ...outcome, retryable, retryAfterMs, requestId } }],
  })
}

/** Whole seconds: the header knows no smaller ones. */
function retryAfter(milliseconds: number | undefined): Readonly<Record<string, string>> {
  return milliseconds === undefined ? {} : { 'retry-after': String(Math.ceil(milliseconds / 1000)) }
}

function isJson(headers: Headers): boolean {
  const type = mediaType(headers.get('content-type') ?? '')
  return type === 'application/json' || type === 'application/graphql+json'
}

function acceptsJson(accept: string | null): boolean {
  return (
    accept === null || accept.split(',').some((range) => jsonTypes.has(mediaType(range)) && isUtf8(range))
  )
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
