/** A request of Node's server that collects its body from the first byte, within bounds. */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { RequestError } from '../graphql/request-error.ts'
import type { BodyMemory } from './body-memory.ts'
import { closeAfterAnswer } from './lingering-close.ts'
import { RequestBody } from './request-body.ts'

/**
 * Node's parser passes each chunk of a body to `push`, even if nothing reads it. A bound that is checked
 * there holds for every body, including one that waits for authentication, or is never read. As a stream,
 * such a request is empty.
 */
export class BoundedRequest extends IncomingMessage {
  readonly #memory: BodyMemory
  #body: RequestBody | undefined

  constructor(socket: Socket, memory: BodyMemory) {
    super(socket)
    this.#memory = memory
  }

  /** Whether the whole request has arrived. */
  get hasArrived(): boolean {
    if (this.#body?.isRejected) return false
    return this.complete || (this.#body?.isWhole ?? false)
  }

  /** @param chunk a part of the body; null: its end */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#body?.finish()
      return super.push(null)
    }
    if (this.#bodyOf().receive(chunk)) return true
    closeAfterAnswer(this.socket)
    // Node stops reading from the connection, but still parses the bytes that it has read.
    return false
  }

  /**
   * @returns the body; if it has not arrived yet, a promise that rejects with a RequestError if the body
   *   exceeds a bound or is incomplete
   */
  readBody(): Buffer | Promise<Buffer> {
    const body = this.#bodyOf()
    if (this.complete) body.finish()
    return body.read()
  }

  /** Discards what has arrived of the body, and what follows. @param reason for its reader */
  abandonBody(reason: RequestError = incomplete): void {
    this.#bodyOf().reject(reason)
  }

  #bodyOf(): RequestBody {
    if (this.#body) return this.#body
    const length = this.headers['content-length']
    const body = new RequestBody(this.#memory, length === undefined ? undefined : Number(length))
    this.#body = body
    // The connection has ended, or the request has been answered without its body.
    this.on('close', () => body.reject(incomplete))
    return body
  }
}

const incomplete = new RequestError({ status: 400, message: 'The request body is incomplete.' })

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
