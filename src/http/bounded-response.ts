/** A response of Node's server that closes the connection if its request has not arrived completely. */
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { ServerResponse } from 'node:http'
import type { BoundedRequest } from './bounded-request.ts'
import { closeAfterAnswer } from './lingering-close.ts'

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/**
 * Otherwise, an unlimited number of unread bytes could follow the response. Node writes the head of every
 * response by `writeHead`, so this holds for all of them.
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
