/** An answer as Node's server makes it, which closes the connection if its request has not arrived. */
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { ServerResponse } from 'node:http'
import type { BoundedRequest } from './bounded-request.ts'
import { closeAfterAnswer } from './lingering-close.ts'

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/**
 * Bytes that nobody reads could follow such an answer without an end. Node writes the head of every
 * answer by `writeHead`, so that this holds whoever answers.
 */
export class BoundedResponse extends ServerResponse<BoundedRequest> {
  override writeHead(status: number, phrase?: string | Headers, headers?: Headers): this {
    const { req } = this
    if (!req.hasArrived) {
      req.abandonBody()
      closeAfterAnswer(req.socket)
      this.shouldKeepAlive = false
    }
    return typeof phrase === 'string'
      ? super.writeHead(status, phrase, headers)
      : super.writeHead(status, phrase ?? headers)
  }
}
