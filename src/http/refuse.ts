/** Requests that are refused before GraphQL sees them. */

const jsonTypes = new Set(['*/*', 'application/*', 'application/json', 'application/graphql-response+json'])

/** Why a request for GraphQL can't be served, if it can't. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

/**
 * Checks what GraphQL's own layer would find out too late (an `accept` that can't be met is
 * noticed there after the mutation has run) or would call a failure of its own.
 */
export function findRefusal({ method, headers }: Request, url: URL): Refusal | undefined {
  if (method === 'POST' && !isJson(headers)) {
    return { status: 415, message: 'The request must have the content-type application/json' }
  }
  if (!acceptsJson(headers.get('accept'))) {
    return { status: 406, message: 'The request must accept application/json' }
  }
  if (method !== 'GET') return undefined
  for (const parameter of ['variables', 'extensions']) {
    const text = url.searchParams.get(parameter)
    if (text && !isJsonText(text)) return { status: 400, message: `The parameter ${parameter} must be JSON` }
  }
  return undefined
}

/** The refusal in the form of every other error. Nothing has run. */
export function answerRefusal({ status, message }: Refusal, requestId: string): Response {
  const extensions = { code: 'BAD_REQUEST', retryable: false, requestId }
  return Response.json({ errors: [{ message, extensions }] }, { status })
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
