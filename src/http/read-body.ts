import type { IncomingMessage } from 'node:http'
import { BoundedRequest } from './bounded-request.ts'

/**
 * Reads the body of a request of our own server.
 *
 * @returns the body
 * @throws Refused if it exceeds a bound or did not arrive whole
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (!(request instanceof BoundedRequest)) throw new TypeError('the request is not one of createHttpServer')
  return request.readBody()
}
