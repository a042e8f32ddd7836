import type { IncomingMessage } from 'node:http'
import { BoundedRequest } from './bounded-request.ts'

/**
 * Reads the body of a request of our own server, once.
 *
 * @returns the body; a promise where it has not arrived yet, which rejects with Refused if it exceeds a
 *   bound or does not arrive whole
 */
export function readBody(request: IncomingMessage): Buffer | Promise<Buffer> {
  if (!(request instanceof BoundedRequest)) throw new TypeError('the request is not one of createHttpServer')
  return request.readBody()
}
