/** Turns the events of one request into a whole answer, or into an error that states how far it came. */
import type { Dispatcher } from 'undici'
import { errors } from 'undici'
import type { Progress } from '../domain/callbell-error.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Moment, WallClock } from '../domain/moment.ts'
import { momentNow } from '../domain/moment.ts'
import { decodeContent, isEncoded } from './content-encoding.ts'

export interface TransportHooks {
  /** Called immediately before the first byte. @returns false if the time of the request is over */
  readonly mayStart: () => boolean
  /** Called next. @returns false if the permit is no longer valid: nothing is sent (`OVERLOADED`) */
  readonly isUsable: () => boolean
  /** Called when the first byte is about to be sent. */
  readonly sent: () => void
  /** Called when the connection is free for others. */
  readonly release: () => void
}

export interface Answer {
  /** When the first byte of the request was about to be sent. */
  readonly sentAt: Moment
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A contact has a few kilobytes: a larger body, compressed or not, is not an answer of this API. */
export const maxAnswerBytes = 1024 * 1024
/** Removes a byte order mark, if there is one. */
const utf8 = new TextDecoder()

/** Chunks are joined at this number: a megabyte in chunks of one byte is copied a thousand times at most. */
const maxChunks = 1024

export class ResponseHandler implements Dispatcher.DispatchHandler {
  /** Not an AbortSignal: that costs as much as writing the request. */
  private readonly timer: NodeJS.Timeout
  private isLate = false
  private readonly hooks: TransportHooks
  private readonly wallClock: WallClock | undefined
  private readonly resolve: (answer: Answer) => void
  private readonly reject: (error: unknown) => void
  private progress: Progress = 'unsent'
  private sentAt: Moment | undefined
  private status = 0
  private headers: Answer['headers'] = {}
  private readonly chunks: Buffer[] = []
  private controller: Dispatcher.DispatchController | undefined

  constructor(
    allowedMs: number,
    hooks: TransportHooks,
    wallClock: WallClock | undefined,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.hooks = hooks
    this.wallClock = wallClock
    this.resolve = resolve
    this.reject = reject
    this.timer = setTimeout(this.onLate, allowedMs).unref()
    if (allowedMs <= 0) this.onLate()
  }

  /** The caller gets the error at once, whatever the connection does; the request is aborted as well. */
  private readonly onLate = (): void => {
    this.isLate = true
    this.fail('CALLBELL_TIMEOUT', 'no answer in time')
    this.controller?.abort(new Error('deadline'))
  }

  /** undici's write boundary: no byte has been sent before this call, and none is if it aborts. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isLate) {
      controller.abort(new Error('deadline'))
      return
    }
    if (!this.hooks.mayStart()) {
      this.fail('CALLBELL_TIMEOUT', 'the time was over before the request was sent')
      controller.abort(new Error('deadline'))
      return
    }
    if (!this.hooks.isUsable()) {
      this.fail('OVERLOADED', 'the permit came too late')
      controller.abort(new Error('late permit'))
      return
    }
    this.controller = controller
    this.progress = 'sent'
    this.sentAt = momentNow(this.wallClock)
    this.hooks.sent()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Answer['headers'],
  ): void {
    // An interim answer (100, 102, 103) proves nothing.
    if (status < 200) return
    this.progress = 'status'
    this.status = status
    this.headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk)
    // A chunk takes more memory than its bytes, and the upstream chooses their number.
    if (this.chunks.length >= maxChunks) this.chunks.splice(0, maxChunks, Buffer.concat(this.chunks))
  }

  onResponseEnd(): void {
    this.hooks.release()
    // The request is complete: there is nothing to abort.
    this.controller = undefined
    const [first] = this.chunks
    const bytes = this.chunks.length === 1 && first ? first : Buffer.concat(this.chunks)
    const encoding = this.headers['content-encoding']
    if (!isEncoded(encoding)) return this.finish(bytes)
    decodeContent(encoding, bytes, maxAnswerBytes).then(
      (decoded) => this.finish(decoded),
      (error: Error) => this.fail('CALLBELL_INVALID_RESPONSE', 'the answer could not be decoded', error),
    )
  }

  private finish(bytes: Buffer): void {
    const { sentAt, status, headers } = this
    if (sentAt === undefined) {
      return this.fail('CALLBELL_INVALID_RESPONSE', 'the answer came before its request')
    }
    clearTimeout(this.timer)
    // Bytes that are not valid UTF-8 are replaced: a garbled letter must not cost a contact's uuid.
    this.resolve({ sentAt, status, headers, text: utf8.decode(bytes) })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.hooks.release()
    if (error instanceof errors.InvalidArgumentError) {
      // An error of the gateway, not of the upstream: it is reported as unexpected.
      clearTimeout(this.timer)
      this.reject(error)
    } else if (error instanceof errors.ConnectTimeoutError) {
      this.fail('CALLBELL_TIMEOUT', 'no connection in time', error)
    } else if (this.hasSucceeded() || isUnintelligible(error)) {
      // A read may retry a success that was cut off.
      this.fail('CALLBELL_INVALID_RESPONSE', 'the answer could not be read', error, !isUnintelligible(error))
    } else {
      this.fail('CALLBELL_UNAVAILABLE', 'the connection failed', error)
    }
  }

  /** With a 2xx status, the server has reported a success: only its answer was lost. */
  private hasSucceeded(): boolean {
    return this.status >= 200 && this.status < 300
  }

  private fail(code: CallbellError['code'], message: string, cause?: Error, mayPass?: boolean): void {
    clearTimeout(this.timer)
    const { progress, sentAt } = this
    const status = progress === 'status' ? this.status : undefined
    this.reject(new CallbellError(code, message, { progress, sentAt, status, mayPass, cause }))
  }
}

/** Whether something answered that was not an answer to this request, unlike a connection that broke. */
function isUnintelligible(error: Error): boolean {
  if (error instanceof errors.HTTPParserError) return !error.code?.startsWith('HPE_INVALID_EOF')
  // undici's message for an unrequested 101, which has no code of its own.
  if (error instanceof errors.SocketError) return error.message === 'bad upgrade'
  return error instanceof errors.ResponseExceededMaxSizeError || error instanceof errors.HeadersOverflowError
}
