/**
 * The connections to Callbell. One is opened before a request has its permit, so that a permit is used at
 * once: a handshake of any length holds up nothing that was counted.
 */
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { buildConnector } from 'undici'
import { Client, errors } from 'undici'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Connection, ConnectionPool } from '../rate-limit/rate-limiter.ts'
import { createConnector } from './interim-responses.ts'

export interface ConnectionsOptions {
  /** `https://api.callbell.eu` */
  readonly origin: string
  /** Milliseconds for the TCP and TLS handshakes of one connection, at most. */
  readonly connectTimeoutMs: number
  /** Connections at a time, at most. */
  readonly most: number
  /** For each of them; without `connect`. */
  readonly client: Omit<Client.Options, 'connect'>
}

/** Connections in the making at a time: a crowd of handshakes would hold each other up. */
const mostOpening = 64
/** One that is never used is closed after that time, as undici closes a used one. */
const unusedMs = 4000

export class Connections implements ConnectionPool {
  /** Called when a connection has become free, or has gone. */
  onChange: () => void = () => undefined
  private readonly options: ConnectionsOptions
  private readonly connector: buildConnector.connector
  private readonly all = new Set<PooledConnection>()
  /** The last one used is used first: the others time out when fewer are needed. */
  private readonly idle: PooledConnection[] = []
  private opening = 0
  /** Connections whose request has ended, and which are free or closed in a moment. */
  private ending = 0
  private isClosed = false

  constructor(options: ConnectionsOptions) {
    this.options = options
    this.connector = createConnector(options.connectTimeoutMs)
  }

  /** Connections that a request can be sent on now. */
  get ready(): number {
    return this.idle.length
  }

  /** @returns how many more must be opened for `waiting` requests, as far as that is allowed now */
  lackingFor(waiting: number): number {
    const coming = this.idle.length + this.ending + this.opening
    const allowed = Math.min(this.options.most - this.all.size, mostOpening) - this.opening
    return Math.max(0, Math.min(waiting - coming, allowed))
  }

  /**
   * Opens one more.
   *
   * @throws CallbellError `CALLBELL_TIMEOUT` or `CALLBELL_UNAVAILABLE`, with nothing sent
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

  /** @returns a ready connection, which nobody else gets until it is given to `release`; undefined: none is ready */
  take(): Connection | undefined {
    const connection = this.idle.pop()
    if (connection) connection.state = 'TAKEN'
    return connection
  }

  /** Sends a request on a connection that was taken. */
  dispatch(
    connection: Connection,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    if (!(connection instanceof PooledConnection)) throw new TypeError('not a connection of this pool')
    connection.state = 'BUSY'
    connection.client.dispatch(options, handler)
    // Over already: undici has refused the request, and says nothing further about it.
    if (connection.state !== 'BUSY') this.drop(connection)
  }

  /** Of a connection that was taken, once: its request has ended, or is not sent. */
  release(connection: Connection): void {
    if (!(connection instanceof PooledConnection)) return
    if (connection.state === 'TAKEN') {
      this.putBack(connection)
    } else if (connection.state === 'BUSY') {
      // undici reads on to see whether the connection is still good, and says so by `drain`.
      connection.state = 'ENDING'
      this.ending += 1
    }
  }

  /** Waits for the requests under way, for as long as a connection may take at most, then closes all. */
  async close(): Promise<void> {
    this.isClosed = true
    const clients = Array.from(this.all, ({ client }) => client)
    const giveUp = setTimeout(() => {
      for (const client of clients) void client.destroy()
    }, this.options.connectTimeoutMs)
    for (const { isUsed, socket } of this.all) if (!isUsed) socket.destroy()
    await Promise.all(clients.map(async (client) => client.destroyed || client.close()))
    clearTimeout(giveUp)
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
    // It said something, or the end, to nobody's request.
    const end = (): void => void socket.destroy()
    const lost = (): void => {
      if (connection.state === 'IDLE') this.drop(connection)
    }
    socket.on('readable', end).once('close', lost).setTimeout(unusedMs, end)
    connection.onUse = () => void socket.off('readable', end).off('close', lost).setTimeout(0, end)
    connection.client.on('disconnect', lost).on('drain', () => {
      if (!this.all.has(connection)) return
      // It has answered.
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

type State = 'IDLE' | 'TAKEN' | 'BUSY' | 'ENDING'

class PooledConnection implements Connection {
  state: State = 'IDLE'
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
          // Later, as any connector does: undici would not notice a connection that is there at once.
          queueMicrotask(() => callback(null, this.socket))
          return
        }
        // The socket was closed when a request was about to be written to it: that one gets another socket.
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
