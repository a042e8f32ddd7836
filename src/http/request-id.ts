import { randomUUID } from 'node:crypto'

/** Only what can do no harm in a log line or a header is taken from outside. */
const harmless = /^[\w.:=-]{1,128}$/

/** The request's id: the caller's `x-request-id` where it is harmless, else a new one. */
export function requestIdOf(headers: Pick<Headers, 'get'>): string {
  const given = headers.get('x-request-id')
  return given !== null && harmless.test(given) ? given : randomUUID()
}
