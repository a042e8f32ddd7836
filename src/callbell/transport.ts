/** One HTTP exchange with Callbell: a request out, a whole answer in, or an error that says how far it came. */
import type { Dispatcher } from 'undici'
import { errors } from 'undici'
import type { Connection } from '../rate-limit/rate-limiter.ts'
import { Connections } from './connections.ts'
import { decodeContent, isEncoded } from './content-encoding.ts'
import type { Progress } from '../domain/callbell-error.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Moment, WallClock } from '../domain/moment.ts'
import { momentNow } from '../domain/moment.ts'

export interface TransportOptions {
  /** `https://api.callbell.eu/v1`, without a slash at the end. */
  readonly url: string
  readonly token: string
  readonly userAgent: string
  /** Milliseconds for a TCP and TLS connection to be made, at most. */
  readonly connectTimeoutMs: number
  readonly connections: number
  /** Default: the clock of the machine. */
  readonly wallClock?: WallClock | undefined
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the base URL, percent-encoded, with the query. */
  readonly path: string
  /** JSON text. */
  readonly body?: string | undefined
  /** Besides those of every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface TransportHooks {
  /** Asked immediately before the first byte. @returns whether the time of the request is not over */
  readonly mayStart: () => boolean
  /** Asked next: where it says no, nothing is sent (`OVERLOADED`). */
  readonly isUsable: () => boolean
  readonly sent: () => void
  readonly release: () => void
}

export interface Answer {
  /** When the first byte of the request was about to be sent. */
  readonly sentAt: Moment
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Transport {
  readonly connections: Connections
  /**
   * Sends a request once: no retry, no redirect followed.
   *
   * @param connection taken from `connections`; to be released when the watcher’s `release` is called
   * @param allowedMs milliseconds for connect, headers and body together; once they are over before a
   *   connection was free, the request is not sent any more
   * @param hooks is told when the first byte is about to leave, if it does, and when the
   *   connection is free for others: a request that was given up may still hold it for a while
   * @throws CallbellError with `CALLBELL_TIMEOUT`, `CALLBELL_UNAVAILABLE` or `CALLBELL_INVALID_RESPONSE`
   */
  send(request: Request, allowedMs: number, hooks: TransportHooks, connection: Connection): Promise<Answer>
  /** Waits for the requests under way, but not for longer than a connection may take, then closes. */
  close(): Promise<void>
}

/** A contact is a few kilobytes: what is larger, compressed or not, is not an answer of this API. */
const largestAnswerBytes = 1024 * 1024
/** Without a byte order mark, should there be one. */
const utf8 = new TextDecoder()

export function createTransport(options: TransportOptions): Transport {
  const { origin, pathname } = new URL(options.url)
  const connections = new Connections({
    origin,
    connectTimeoutMs: options.connectTimeoutMs,
    most: options.connections,
    client: {
      // HTTP/1.1 without pipelining: a request owns its connection, so what a dead connection
      // means for the request is never in doubt.
      pipelining: 1,
      allowH2: false,
      maxResponseSize: largestAnswerBytes,
      // The caller's deadline bounds headers and body.
      headersTimeout: 0,
      bodyTimeout: 0,
    },
  })
  const headers = {
    authorization: `Bearer ${options.token}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': options.userAgent,
  }
  const headersWithBody = { ...headers, 'content-type': 'application/json' }
  const basePath = pathname.replace(/\/$/, '')

  return {
    connections,
    send: ({ method, path, body, headers: others }, allowedMs, hooks, connection) =>
      new Promise((resolve, reject) => {
        const usual = body === undefined ? headers : headersWithBody
        connections.dispatch(
          connection,
          {
            method,
            path: basePath + path,
            headers: others ? { ...usual, ...others } : usual,
            body: body ?? null,
          },
          new ResponseHandler(allowedMs, hooks, options.wallClock, resolve, reject),
        )
      }),
    close: () => connections.close(),
  }
}

/** Joined then: an answer of a megabyte in chunks of one byte is copied a thousand times at most. */
const mostChunks = 1024

class ResponseHandler implements Dispatcher.DispatchHandler {
  /** Not an AbortSignal's: that costs as much as writing the request. */
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

  /** The caller is answered at once, whatever the connection does; it is given up as well. */
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
      this.fail('CALLBELL_TIMEOUT', 'its time was over before it was sent')
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
    // An interim answer (100, 102, 103) says nothing yet.
    if (status < 200) return
    this.progress = 'status'
    this.status = status
    this.headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk)
    // A chunk takes more memory than its bytes, and the upstream chooses how many there are.
    if (this.chunks.length >= mostChunks) this.chunks.splice(0, mostChunks, Buffer.concat(this.chunks))
  }

  onResponseEnd(): void {
    this.hooks.release()
    // The request is over: nothing is left to be given up.
    this.controller = undefined
    const [first] = this.chunks
    const bytes = this.chunks.length === 1 && first ? first : Buffer.concat(this.chunks)
    const encoding = this.headers['content-encoding']
    if (!isEncoded(encoding)) return this.finish(bytes)
    decodeContent(encoding, bytes, largestAnswerBytes).then(
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
      // Ours, not the upstream's: a bug stays a bug.
      clearTimeout(this.timer)
      this.reject(error)
    } else if (error instanceof errors.ConnectTimeoutError) {
      this.fail('CALLBELL_TIMEOUT', 'no connection in time', error)
    } else if (this.hasSucceeded() || isUnintelligible(error)) {
      // A success that was cut off is worth another try for a read.
      this.fail('CALLBELL_INVALID_RESPONSE', 'the answer could not be read', error, !isUnintelligible(error))
    } else {
      this.fail('CALLBELL_UNAVAILABLE', 'the connection failed', error)
    }
  }

  /** Once a 2xx status has arrived, the server has told that it is release: only its answer was lost. */
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
  // undici's words for a 101 that nobody asked for; it has no code of its own for it.
  if (error instanceof errors.SocketError) return error.message === 'bad upgrade'
  return error instanceof errors.ResponseExceededMaxSizeError || error instanceof errors.HeadersOverflowError
}
