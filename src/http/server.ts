/** The HTTP server, with explicit limits for sizes, durations and numbers. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { BodyMemory } from './body-memory.ts'
import { BoundedRequest } from './bounded-request.ts'
import { BoundedResponse } from './bounded-response.ts'
import type { ServerConnections } from './connections.ts'
import { limitConnections } from './connections.ts'
import { closeLingering, isClosing } from './lingering-close.ts'
import { RequestError } from '../graphql/request-error.ts'
import { renderRejection } from './rejections.ts'
import { securityHeaders } from './headers.ts'
import type { RejectedRequest } from '../telemetry/telemetry.ts'

/** In milliseconds, unless stated otherwise. */
export const serverLimits = {
  /** For a request's head to arrive. It also closes a connection that sends nothing. */
  headersTimeout: 10_000,
  /** For the whole request. */
  requestTimeout: 20_000,
  /** Between requests: longer than the minute for which load balancers keep connections open. */
  keepAliveTimeout: 65_000,
  /** For the client to receive a response, from its first byte. */
  sendTimeoutMs: 60_000,
  /** Bytes of responses that wait in memory to be sent, for all connections together. */
  unsentBytes: 64_000_000,
  /** Requests on one connection that do not wait for responses. Each starts when it arrives. */
  pipelined: 10,
  /** Bytes on one connection after its last request: more than a body with its chunks, or a lingering close, needs. */
  bytesWithoutRequest: 2_000_000,
  /** In bytes. A JWT takes a few thousand. */
  maxHeaderSize: 16_384,
  /** The number of connections. One more closes the one that has been idle for longest. */
  connections: 2000,
  /** Bytes of memory for all bodies that are arriving or have not been read: 16 kB for each connection. */
  bodyMemoryBytes: 33_554_432,
}
export type ServerLimits = typeof serverLimits

interface HttpParseError {
  readonly status: number
  readonly phrase: string
  readonly message: string
}

/** Responses to requests that cannot be parsed, by the error codes of Node's parser. */
function parseErrorsOf(limits: ServerLimits): Readonly<Record<string, HttpParseError>> {
  const { maxHeaderSize, headersTimeout, requestTimeout } = limits
  return {
    HPE_HEADER_OVERFLOW: {
      status: 431,
      phrase: 'Request Header Fields Too Large',
      message: `The headers of the request are too large; the limit is ${maxHeaderSize} bytes.`,
    },
    HPE_CHUNK_EXTENSIONS_OVERFLOW: {
      status: 413,
      phrase: 'Content Too Large',
      message: 'The chunk extensions of the request are too large.',
    },
    ERR_HTTP_REQUEST_TIMEOUT: {
      status: 408,
      phrase: 'Request Timeout',
      message: `The request did not arrive in time; the limits are ${headersTimeout} ms for its head and ${requestTimeout} ms for all of it.`,
    },
  }
}
const unreadable: HttpParseError = {
  status: 400,
  phrase: 'Bad Request',
  message: 'The request is not valid HTTP/1.1.',
}

export interface HttpServer {
  readonly server: Server
  readonly connections: ServerConnections
}

export interface HttpServerOptions {
  /** Replaces the defaults. */
  readonly limits?: Partial<ServerLimits>
  /** Called for each request that is rejected before the listener gets it. */
  readonly onRejected?: (rejected: RejectedRequest) => void
}

/**
 * Creates the server.
 *
 * @param listener answers requests. Their bodies are available through `readBody` only
 * @returns a server that is not listening yet
 */
export function createHttpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  options: HttpServerOptions = {},
): HttpServer {
  const limits = { ...serverLimits, ...options.limits }
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize } = limits
  const { onRejected } = options
  const parseErrors = parseErrorsOf(limits)
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
    // The resolution of the first two timeouts.
    connectionsCheckingInterval: Math.min(1000, headersTimeout),
    // The gateway rejects such a request with its own message.
    requireHostHeader: false,
  })
  server.on('request', (request, response) => {
    if (!isClosing(request.socket)) listener(request, response)
  })
  const connections = limitConnections(server, limits)

  // Node handles `expect: 100-continue` itself. Nothing else is supported.
  server.on('checkExpectation', ({ socket: { remoteAddress: address } }, response) => {
    const requestId = randomUUID()
    onRejected?.({ requestId, address, status: 417, reason: 'The Expect header is not supported.' })
    response.writeHead(417, { ...securityHeaders, 'x-request-id': requestId, connection: 'close' }).end()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const unfinished = connections.openResponses(socket)
    if (
      error.code === 'ECONNRESET' ||
      !socket.writable ||
      unfinished.some(({ headersSent }) => headersSent)
    ) {
      socket.destroy()
      return
    }
    if (unfinished.some(({ req }) => req.complete)) {
      // Complete requests came before the invalid one. They must still get their responses, and this one
      // must not be taken for theirs.
      connections.closeWhenAnswered(socket)
      return
    }
    const rejection = parseErrors[error.code ?? ''] ?? unreadable
    const { status, message } = rejection
    const arriving = unfinished.map(({ req }) => req).find((request) => request instanceof BoundedRequest)
    if (arriving) {
      // Its listener answers it and logs it, with the id that it has given to the request.
      arriving.abandonBody(new RequestError({ status, message }))
      connections.closeWhenAnswered(socket)
      return
    }
    const requestId = randomUUID()
    onRejected?.({ requestId, address: socket.remoteAddress, status, reason: message })
    socket.write(writeRejection(rejection, requestId))
    closeLingering(socket)
  })
  return { server, connections }
}

/** Serializes a whole response, for a connection without a request object. */
function writeRejection({ status, phrase, message }: HttpParseError, requestId: string): string {
  // It may have been a mutation, and it did not run.
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
