/** The HTTP server, with every limit spelt out: how large, how slow and how many. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { BodyMemory } from './body-memory.ts'
import { BoundedRequest } from './bounded-request.ts'
import { BoundedResponse } from './bounded-response.ts'
import type { Connections } from './connections.ts'
import { watchConnections } from './connections.ts'
import { closeLingering, isClosing } from './lingering-close.ts'
import { renderRejection } from './rejections.ts'
import { securityHeaders } from './security-headers.ts'

/** Milliseconds, unless they say otherwise. */
export const serverLimits = {
  /** For a request's head to arrive; a connection that says nothing at all is closed by it, too. */
  headersTimeout: 10_000,
  /** For the whole request. */
  requestTimeout: 20_000,
  /** Between requests: longer than the minute for which load balancers keep theirs open. */
  keepAliveTimeout: 65_000,
  /** For an answer to be taken. */
  answerTakenMs: 60_000,
  /** Bytes of answers that nobody takes, all connections together. */
  untakenBytes: 64_000_000,
  /** Requests on one connection, without waiting for answers. Each is begun as it arrives. */
  pipelined: 10,
  /** Bytes on one connection since its last request: more than a body with its chunks, or a linger, has. */
  bytesWithoutRequest: 2_000_000,
  /** Bytes: a JWT takes a few thousand. */
  maxHeaderSize: 16_384,
  /** One more, and the one that has been idle for longest is closed. */
  connections: 2000,
  /** Bytes of memory for all bodies that are arriving or wait to be read: 16 kB for each connection. */
  bodyMemoryBytes: 33_554_432,
}
export type ServerLimits = typeof serverLimits

interface HttpParseError {
  readonly status: number
  readonly phrase: string
  readonly message: string
}

/** By what Node's parser calls the ways in which a request can't be read. */
function parseErrorsOf(limits: ServerLimits): Readonly<Record<string, HttpParseError>> {
  const { maxHeaderSize, headersTimeout, requestTimeout } = limits
  return {
    HPE_HEADER_OVERFLOW: {
      status: 431,
      phrase: 'Request Header Fields Too Large',
      message: `The request’s headers are too large; the limit is ${maxHeaderSize} bytes`,
    },
    HPE_CHUNK_EXTENSIONS_OVERFLOW: {
      status: 413,
      phrase: 'Content Too Large',
      message: 'The request’s chunk extensions are too large',
    },
    ERR_HTTP_REQUEST_TIMEOUT: {
      status: 408,
      phrase: 'Request Timeout',
      message: `The request did not arrive in time; the limits are ${headersTimeout} ms for its head and ${requestTimeout} ms for all of it`,
    },
  }
}
const unreadable: HttpParseError = {
  status: 400,
  phrase: 'Bad Request',
  message: 'The request is not HTTP/1.1',
}

export interface HttpServer {
  readonly server: Server
  readonly connections: Connections
}

/** What was refused before it was a request. */
export interface RejectedRequest {
  /** As its answer tells it. */
  readonly requestId: string
  readonly address: string | undefined
  readonly status: number
  readonly reason: string
}

export interface HttpServerOptions {
  /** In place of the usual ones. */
  readonly limits?: Partial<ServerLimits>
  readonly onRefusal?: (refused: RejectedRequest) => void
}

/**
 * @param listener answers requests; their bodies can be had by `readBody` only
 * @returns a server that is not listening yet
 */
export function createHttpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  options: HttpServerOptions = {},
): HttpServer {
  const limits = { ...serverLimits, ...options.limits }
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize } = limits
  const { onRefusal } = options
  const refusals = parseErrorsOf(limits)
  const bodyMemory = new BodyMemory(limits.bodyMemoryBytes)
  const server = createServer({
    IncomingMessage: class extends BoundedRequest {
      constructor(socket: Socket) {
        super(socket, bodyMemory)
      }
    },
    ServerResponse: BoundedResponse,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    maxHeaderSize,
    // How exactly the first two are kept.
    connectionsCheckingInterval: Math.min(1000, headersTimeout),
    // The gateway refuses such a request in words of its own.
    requireHostHeader: false,
  })
  server.on('request', (request, response) => {
    if (!isClosing(request.socket)) listener(request, response)
  })
  const connections = watchConnections(server, limits)

  // `expect: 100-continue` is met by Node itself; nothing else can be.
  server.on('checkExpectation', ({ socket: { remoteAddress: address } }, response) => {
    const requestId = randomUUID()
    onRefusal?.({ requestId, address, status: 417, reason: 'The request expects what can’t be met' })
    response.writeHead(417, { ...securityHeaders, 'x-request-id': requestId, connection: 'close' }).end()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const open = connections.openAnswers(socket)
    if (error.code === 'ECONNRESET' || !socket.writable || open.some(({ headersSent }) => headersSent)) {
      socket.destroy()
    } else if (open.some(({ req }) => req.complete)) {
      // Whole requests came before the broken one: what became of them must still be told, and this
      // answer must not be taken for theirs.
      connections.endWhenAnswered(socket)
    } else {
      const refusal = refusals[error.code ?? ''] ?? unreadable
      const requestId = randomUUID()
      const { status, message: reason } = refusal
      // One that began to be served tells of itself.
      if (open.length === 0) onRefusal?.({ requestId, address: socket.remoteAddress, status, reason })
      socket.write(writeRejection(refusal, requestId))
      closeLingering(socket)
    }
  })
  return { server, connections }
}

/** An answer in full, where there is no request that could be answered. */
function writeRejection({ status, phrase, message }: HttpParseError, requestId: string): string {
  // Whatever it was, it did not run.
  const body = renderRejection({ status, message }, requestId, true)
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`
}
