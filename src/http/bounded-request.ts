/** A request as Node's server makes it, whose body is collected from its first byte on. */
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { RequestError } from '../graphql/request-error.ts'
import type { BodyMemory } from './body-memory.ts'
import { closeAfterAnswer } from './lingering-close.ts'
import { RequestBody } from './request-body.ts'

/**
 * Node's parser gives each chunk of a body to `push`, also while nobody reads it. A bound that is kept
 * there holds for every body: also for one that waits for the check of credentials, or is never read.
 * As a stream such a request is empty.
 */
export class BoundedRequest extends IncomingMessage {
  readonly #memory: BodyMemory
  #body: RequestBody | undefined

  constructor(socket: Socket, memory: BodyMemory) {
    super(socket)
    this.#memory = memory
  }

  /** Whether no more bytes of this request are to come. */
  get hasArrived(): boolean {
    if (this.#body?.isRejected) return false
    return this.complete || (this.#body?.isWhole ?? false)
  }

  /** @param chunk of the body; null: its end */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#body?.finish()
      return super.push(null)
    }
    if (this.#bodyOf().receive(chunk)) return true
    closeAfterAnswer(this.socket)
    // Node stops reading from the connection. Until then it goes on with the bytes that it has read.
    return false
  }

  /**
   * @returns the body; a promise where it has not arrived yet, which rejects with Refused if it exceeds a
   *   bound or does not arrive whole
   */
  readBody(): Buffer | Promise<Buffer> {
    const body = this.#bodyOf()
    if (this.complete) body.finish()
    return body.read()
  }

  /** Nobody reads the body any more: what has arrived is given up, and what follows is not kept. */
  abandonBody(): void {
    this.#bodyOf().reject(notWhole)
  }

  #bodyOf(): RequestBody {
    if (this.#body) return this.#body
    const length = this.headers['content-length']
    const body = new RequestBody(this.#memory, length === undefined ? undefined : Number(length))
    this.#body = body
    // The connection has ended, or the request has been answered without its body.
    this.on('close', () => body.reject(notWhole))
    return body
  }
}

const notWhole = new RequestError({ status: 400, message: 'The request body did not arrive whole' })
