/**
 * The pool of connections to Callbell. A connection is opened before a request gets its permit. So a slow
 * handshake delays no request that the rate limiter has already counted.
 */
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { buildConnector } from 'undici'
import { Client, errors } from 'undici'
import { CallbellError } from '../domain/callbell-error.ts'
import type { UpstreamConnection, ConnectionPool } from '../rate-limit/connection-pool.ts'
import { createConnector } from './interim-responses.ts'

export interface ConnectionsOptions {
  /** `https://api.callbell.eu` */
  readonly origin: string
  /** The limit for the TCP and TLS handshakes of one connection, in milliseconds. */
  readonly connectTimeoutMs: number
  /** The highest number of connections at a time. */
  readonly maxConnections: number
  /** Options of undici's client, for each connection. */
  readonly client: Omit<Client.Options, 'connect'>
}

/** Connections that are being opened at a time. More handshakes would delay each other. */
const maxOpening = 64
/** Milliseconds until an unused connection is closed. undici closes used ones itself. */
const unusedTimeoutMs = 4000

export class CallbellConnections implements ConnectionPool {
  /** Called when a connection has become free, or has closed. */
  onChange: () => void = () => undefined
  private readonly options: ConnectionsOptions
  private readonly connector: buildConnector.connector
  private readonly all = new Set<PooledConnection>()
  /** A stack: the last used connection is used first, so that the others time out if fewer are needed. */
  private readonly idle: PooledConnection[] = []
  private opening = 0
  /** Connections whose request has ended, and which undici is about to free or to close. */
  private ending = 0
  private isClosed = false

  constructor(options: ConnectionsOptions) {
    this.options = options
    this.connector = createConnector(options.connectTimeoutMs)
  }

  /** The number of connections on which a request can be sent now. */
  get ready(): number {
    return this.idle.length
  }

  /** @returns how many more to open for `waiting` requests, within the limits */
  lackingFor(waiting: number): number {
    const coming = this.idle.length + this.ending + this.opening
    const allowed = Math.min(this.options.maxConnections - this.all.size, maxOpening) - this.opening
    return Math.max(0, Math.min(waiting - coming, allowed))
  }

  /**
   * Opens one more connection.
   *
   * @throws CallbellError `CALLBELL_TIMEOUT` or `CALLBELL_UNAVAILABLE`. Nothing was sent
   */
  async open(): Promise<void> {
    this.opening += 1
    try {
      const socket = await this.connect()
      if (this.isClosed) socket.destroy()
      else this.add(socket)
    } catch (error) {
      throw connectionFailure(error)
    } finally {
      this.opening -= 1
    }
  }

  /** @returns a connection for the exclusive use of the caller, until `release`; undefined: none is free */
  take(): UpstreamConnection | undefined {
    const connection = this.idle.pop()
    if (connection) connection.state = 'RESERVED'
    return connection
  }

  /** Sends a request on a connection from `take`. */
  dispatch(
    connection: UpstreamConnection,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    if (!(connection instanceof PooledConnection)) throw new TypeError('not a connection of this pool')
    connection.state = 'BUSY'
    connection.client.dispatch(options, handler)
    // undici has rejected the request already, and emits no further event.
    if (connection.state !== 'BUSY') this.drop(connection)
  }

  /** Returns a connection from `take`, once: its request has ended, or is not sent. */
  release(connection: UpstreamConnection): void {
    if (!(connection instanceof PooledConnection)) return
    if (connection.state === 'RESERVED') {
      this.putBack(connection)
    } else if (connection.state === 'BUSY') {
      // undici checks whether the connection can be reused, and then emits `drain`.
      connection.state = 'ENDING'
      this.ending += 1
    }
  }

  /** Waits for the requests in flight, at most `connectTimeoutMs`, then closes all connections. */
  async close(): Promise<void> {
    this.isClosed = true
    const clients = Array.from(this.all, ({ client }) => client)
    const limit = setTimeout(() => {
      for (const client of clients) void client.destroy()
    }, this.options.connectTimeoutMs)
    for (const { isUsed, socket } of this.all) if (!isUsed) socket.destroy()
    await Promise.all(clients.map(async (client) => client.destroyed || client.close()))
    clearTimeout(limit)
  }

  private connect(): Promise<Socket> {
    const { protocol, host, hostname, port } = new URL(this.options.origin)
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    const bare = hostname.replace(/^\[(.*)\]$/, '$1')
    this.connector({ protocol, host, hostname: bare, port }, (error, socket) => {
      if (socket) resolve(socket)
      else reject(error ?? new Error('no socket'))
    })
    return promise
  }

  private add(socket: Socket): void {
    const { origin, client } = this.options
    const connection = new PooledConnection(origin, client, socket, this.connector)
    this.all.add(connection)
    this.idle.push(connection)
    // It sent data, or the end, without a request.
    const end = (): void => void socket.destroy()
    const onLost = (): void => {
      if (connection.state === 'IDLE') this.drop(connection)
    }
    socket.on('readable', end).once('close', onLost).setTimeout(unusedTimeoutMs, end)
    connection.onUse = () => void socket.off('readable', end).off('close', onLost).setTimeout(0, end)
    connection.client.on('disconnect', onLost).on('drain', () => {
      if (!this.all.has(connection)) return
      // It has answered, so its peer has accepted it.
      connection.isAccepted = true
      this.putBack(connection)
      this.onChange()
    })
  }

  private putBack(connection: PooledConnection): void {
    if (connection.socket.destroyed) {
      this.drop(connection)
      return
    }
    this.leaveEnding(connection)
    connection.state = 'IDLE'
    this.idle.push(connection)
  }

  private drop(connection: PooledConnection): void {
    if (!this.all.delete(connection)) return
    this.leaveEnding(connection)
    const index = this.idle.indexOf(connection)
    if (index >= 0) this.idle.splice(index, 1)
    connection.client.destroy().catch(() => undefined)
    this.onChange()
  }

  private leaveEnding({ state }: PooledConnection): void {
    if (state === 'ENDING') this.ending -= 1
  }
}

type ConnectionState = 'IDLE' | 'RESERVED' | 'BUSY' | 'ENDING'

/** One connection: an undici client that uses the socket that was opened for it. */
class PooledConnection implements UpstreamConnection {
  state: ConnectionState = 'IDLE'
  isAccepted: boolean
  readonly client: Client
  socket: Socket
  /** Called before the first request. */
  onUse: () => void = () => undefined
  private isUnused = true

  constructor(
    origin: string,
    options: Omit<Client.Options, 'connect'>,
    socket: Socket,
    connector: buildConnector.connector,
  ) {
    this.socket = socket
    const isEncrypted = origin.startsWith('https:')
    this.isAccepted = isEncrypted
    this.client = new Client(origin, {
      ...options,
      connect: (details, callback) => {
        const isFirst = this.isUnused
        this.isUnused = false
        if (isFirst) this.onUse()
        if (isFirst && !this.socket.destroyed) {
          // Asynchronously, as connectors do: undici does not expect a synchronous callback.
          queueMicrotask(() => callback(null, this.socket))
          return
        }
        // The socket closed just before a request was written to it: the request gets another socket.
        connector(details, (error, another) => {
          if (error) {
            callback(error, null)
            return
          }
          this.socket = another
          this.isAccepted = isEncrypted
          callback(null, another)
        })
      },
    })
  }

  get isUsed(): boolean {
    return !this.isUnused
  }
}

function connectionFailure(error: unknown): CallbellError {
  const details = { progress: 'unsent', cause: error } as const
  return error instanceof errors.ConnectTimeoutError
    ? new CallbellError('CALLBELL_TIMEOUT', 'no connection in time', details)
    : new CallbellError('CALLBELL_UNAVAILABLE', 'the connection failed', details)
}
