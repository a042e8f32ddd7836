/** Headers of every request and every response. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The method and headers of a request, as a fetch Request has them. */
export interface RequestHead {
  readonly method: string
  readonly headers: Pick<Headers, 'get'>
}

/** @returns the head of a request of Node's server */
export function headOf({ method = '', headers }: IncomingMessage): RequestHead {
  return {
    method,
    headers: {
      get(name) {
        const value = headers[name]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      },
    },
  }
}

/** Characters that are safe in a log line and in a header. */
const safeId = /^[\w.:=-]{1,128}$/

/** @returns the request's id: the caller's `x-request-id` if it is safe, else a new one */
export function requestIdOf(headers: Pick<Headers, 'get'>): string {
  const given = headers.get('x-request-id')
  return given !== null && safeId.test(given) ? given : randomUUID()
}

/** Instructions for browsers, in every response. The playground's page has its own policy. */
export const securityHeaders: Readonly<Record<string, string>> = {
  // A response is data: nothing in it may run, be framed, or be interpreted as another type.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Responses contain personal data: no cache may store them.
  'cache-control': 'no-store',
}
