import type { IncomingMessage } from 'node:http'
import { BoundedRequest } from './bounded-request.ts'

/**
 * Reads the body of a request of `createHttpServer`, once.
 *
 * @returns the body; a promise if it has not arrived yet, which rejects with a RequestError if the body
 *   exceeds a limit or is incomplete
 */
export function readBody(request: IncomingMessage): Buffer | Promise<Buffer> {
  if (!(request instanceof BoundedRequest))
    throw new TypeError('the request does not come from createHttpServer')
  return request.readBody()
}
