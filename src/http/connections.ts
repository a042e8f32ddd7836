/** Limits the connections of an HTTP server: their number, their unsent responses, and how they end. */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { closeLingering } from './lingering-close.ts'

export interface ConnectionLimits {
  /** The number of connections. One more closes the one that has been idle for longest. */
  readonly connections: number
  /** Milliseconds in which the client must receive a response, from its first byte. */
  readonly sendTimeoutMs: number
  /** Bytes of responses that wait in memory to be sent, for all connections together. */
  readonly unsentBytes: number
  /** Requests that one connection may send without waiting for their responses. */
  readonly pipelined: number
  /** Bytes that one connection may send after its last request. */
  readonly bytesWithoutRequest: number
}

export interface ServerConnections {
  /** @returns the number of open connections */
  count(): number
  /** @returns the unfinished responses of a connection, oldest first */
  openResponses(socket: Socket): readonly ServerResponse[]
  /** Closes a connection as soon as all its responses are finished. */
  closeWhenAnswered(socket: Socket): void
  /**
   * Accepts no new connection, and closes the idle ones. Resolves when the others have their responses,
   * or after `limitMs` milliseconds, and then all are closed.
   */
  drain(limitMs: number): Promise<void>
}

const checkEveryMs = 500
const none: readonly ServerResponse[] = []
/** If one response leaves more bytes in memory, all of them are checked at once. */
const largeResponseBytes = 100_000

interface Open {
  /** Its unfinished responses, oldest first. */
  responses: readonly ServerResponse[]
  /** The number of its last event, in the order of all events: the lowest has been idle for longest. */
  lastEvent: number
  /** Bytes that it had sent at its last event. */
  bytesAtEvent: number
}

/** Enforces the limits for a server's connections, from its start. */
export function limitConnections(server: Server, limits: ConnectionLimits): ServerConnections {
  /**
   * An entry lives as long as its connection. If each request added and removed an entry, V8 would often
   * rebuild the table. Each old table references the next one with all its entries, so that requests would
   * survive garbage collections.
   */
  const open = new Map<Socket, Open>()
  let events = 0
  const ending = new WeakSet<Socket>()
  /** When responses were first seen with sent headers. */
  const startedSending = new WeakMap<ServerResponse, number>()
  let isDraining = false

  function update(socket: Socket, connection: Open, responses: readonly ServerResponse[]): void {
    connection.responses = responses
    events += 1
    connection.lastEvent = events
    connection.bytesAtEvent = socket.bytesRead
    if (responses.length === 0 && (isDraining || ending.has(socket))) closeLingering(socket)
  }

  /**
   * Closes the idlest connection if there are too many. Clients that open connections and send nothing, or
   * incomplete requests, lose theirs first, and those with a complete request keep theirs. If all have one,
   * the newest connection is closed: it has sent nothing yet.
   */
  function closeIdlest(): void {
    if (open.size <= limits.connections) return
    let idlest: readonly [Socket, Open] | undefined
    for (const entry of open) {
      const [, { responses, lastEvent }] = entry
      if (responses.some(({ req }) => req.complete)) continue
      if (idlest === undefined || lastEvent < idlest[1].lastEvent) idlest = entry
    }
    if (idlest === undefined) return
    idlest[0].destroy()
    open.delete(idlest[0])
  }

  /** Limits the responses in memory: the connections with the most unsent bytes are closed first. */
  function limitUnsent(): void {
    const waiting = [...open].map(([socket, { responses }]) => ({
      socket,
      bytes: unsentBytesOf(socket, responses),
    }))
    let total = waiting.reduce((sum, { bytes }) => sum + bytes, 0)
    if (total <= limits.unsentBytes) return
    for (const { socket, bytes } of waiting.toSorted((one, other) => other.bytes - one.bytes)) {
      if (total <= limits.unsentBytes) return
      total -= bytes
      socket.destroy()
    }
  }

  function checkConnections(): void {
    limitUnsent()
    const now = performance.now()
    for (const [socket, { responses, bytesAtEvent }] of open) {
      // Empty lines before a request and zeros before the size of a chunk are valid, and may never end.
      if (socket.bytesRead - bytesAtEvent > limits.bytesWithoutRequest) socket.destroy()
      const [first] = responses
      if (first === undefined || !first.headersSent) continue
      const since = startedSending.get(first)
      if (since === undefined) startedSending.set(first, now)
      else if (now - since > limits.sendTimeoutMs) socket.destroy()
    }
  }

  server.on('connection', (socket) => {
    events += 1
    open.set(socket, { responses: none, lastEvent: events, bytesAtEvent: 0 })
    socket.once('close', () => open.delete(socket))
    closeIdlest()
  })
  server.on('request', ({ socket }, response) => {
    const connection = open.get(socket)
    // It has been closed in favor of a new one.
    if (connection === undefined) return
    update(socket, connection, [...connection.responses, response])
    // No honest client does this. Closing frees what its requests hold.
    if (connection.responses.length > limits.pipelined) socket.destroy()
    // Many large responses may be written between two checks.
    response.on('prefinish', () => {
      if (response.writableLength > largeResponseBytes) limitUnsent()
    })
    response.on('close', () => {
      const others = connection.responses.filter((other) => other !== response)
      update(socket, connection, others.length === 0 ? none : others)
    })
  })
  const timer = setInterval(checkConnections, checkEveryMs).unref()
  server.once('close', () => clearInterval(timer))

  return {
    count: () => open.size,
    openResponses: (socket) => open.get(socket)?.responses ?? none,
    closeWhenAnswered(socket) {
      ending.add(socket)
      const connection = open.get(socket)
      if (connection) update(socket, connection, connection.responses)
      else closeLingering(socket)
    },
    async drain(limitMs) {
      isDraining = true
      const closed = once(server, 'close')
      server.close()
      for (const [socket, connection] of open) update(socket, connection, connection.responses)
      const limit = setTimeout(() => server.closeAllConnections(), limitMs)
      await closed
      clearTimeout(limit)
    },
  }
}

/** @returns bytes that wait to be sent: in the socket, and in responses that wait for earlier ones */
function unsentBytesOf(socket: Socket, responses: readonly ServerResponse[]): number {
  const queued = responses.reduce(
    (sum, { socket: own, writableLength }) => sum + (own ? 0 : writableLength),
    0,
  )
  return socket.writableLength + queued
}
