/** One HTTP exchange with Callbell: a request out, a whole answer in, or an error that says how far it came. */

import type { WallClock } from '../domain/moment.ts'
import type { UpstreamConnection } from '../rate-limit/connection-pool.ts'
import { CallbellConnections } from './connections.ts'
import type { Answer, TransportHooks } from './response-handler.ts'
import { maxAnswerBytes, ResponseHandler } from './response-handler.ts'

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

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the base URL, percent-encoded, with the query. */
  readonly path: string
  /** JSON. */
  readonly body?: string | undefined
  /** In addition to the headers of every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface Transport {
  readonly connections: CallbellConnections
  /**
   * Sends a request once: no retry, no redirect followed.
   *
   * @param connection acquired from `connections`; released by the hook `release`
   * @param allowedMs milliseconds for connect, headers and body together; if they pass before the
   *   connection is ready, the request is not sent
   * @param hooks called before the first byte is sent, and when the connection is free for others: an aborted
   *   request may still hold it for a while
   * @throws CallbellError with `CALLBELL_TIMEOUT`, `CALLBELL_UNAVAILABLE` or `CALLBELL_INVALID_RESPONSE`
   */
  send(
    request: TransportRequest,
    allowedMs: number,
    hooks: TransportHooks,
    connection: UpstreamConnection,
  ): Promise<Answer>
  /** Waits for the requests in flight, but not longer than a connection may take, then closes. */
  close(): Promise<void>
}

export function createTransport(options: TransportOptions): Transport {
  const { origin, pathname } = new URL(options.url)
  const connections = new CallbellConnections({
    origin,
    connectTimeoutMs: options.connectTimeoutMs,
    maxConnections: options.connections,
    client: {
      // HTTP/1.1 without pipelining: a request owns its connection, so what a dead connection
      // means for the request is never in doubt.
      pipelining: 1,
      allowH2: false,
      maxResponseSize: maxAnswerBytes,
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
