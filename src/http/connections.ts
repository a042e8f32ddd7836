/** The connections of an HTTP server: how many there may be, how long they may idle, and how they end. */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { closeLingering } from './lingering-close.ts'

export interface ConnectionLimits {
  /** One more, and the one that has been idle for longest is closed. */
  readonly connections: number
  /** Milliseconds for an answer to be taken by its reader, from its first byte on. */
  readonly answerTakenMs: number
  /** Bytes of answers that wait to be taken, of all connections together. */
  readonly untakenBytes: number
  /** Requests that one connection may send without waiting for their answers. */
  readonly pipelined: number
  /** Bytes that one connection may send since its last request. */
  readonly bytesWithoutRequest: number
}

export interface Connections {
  /** How many are open. */
  count(): number
  /** Answers that have not been taken yet, of one connection, oldest first. */
  openAnswers(socket: Socket): readonly ServerResponse[]
  /** Closes a connection as soon as it waits for no answer. */
  endWhenAnswered(socket: Socket): void
  /**
   * Takes no new connection, closes those that wait for nothing, and resolves when the others have
   * been answered or `limitMs` milliseconds are over.
   */
  drain(limitMs: number): Promise<void>
}

const sweepEveryMs = 500
const none: readonly ServerResponse[] = []
/** What one answer must leave in memory for all of them to be looked at, at once. */
const largeAnswerBytes = 100_000

interface Open {
  /** Those that it waits for, oldest first. */
  answers: readonly ServerResponse[]
  /** Numbered in the order in which they happened: the lowest has been idle for longest. */
  touch: number
  /** Bytes that it had sent by then. */
  bytesAtTouch: number
}

/** Watches a server's connections from its start on. */
export function watchConnections(server: Server, limits: ConnectionLimits): Connections {
  /**
   * Entries stay as long as their connections. A map that entries leave and enter with each request is
   * made anew all the time, and V8 lets each old table keep the next one, with all that it holds: every
   * request would outlive its collection, for no reason but that.
   */
  const open = new Map<Socket, Open>()
  let touches = 0
  const ending = new WeakSet<Socket>()
  /** Since when answers have been on their way. */
  const begun = new WeakMap<ServerResponse, number>()
  let isDraining = false

  function touch(socket: Socket, connection: Open, answers: readonly ServerResponse[]): void {
    connection.answers = answers
    touches += 1
    connection.touch = touches
    connection.bytesAtTouch = socket.bytesRead
    if (answers.length === 0 && (isDraining || ending.has(socket))) closeLingering(socket)
  }

  /**
   * Strangers who open connections and say nothing, or never all, lose theirs first; whoever is
   * being served keeps his. If all are, the newest goes: it has said nothing yet.
   */
  function makeRoom(): void {
    if (open.size <= limits.connections) return
    let idlest: readonly [Socket, Open] | undefined
    for (const entry of open) {
      const [, { answers, touch: last }] = entry
      if (answers.some(({ req }) => req.complete)) continue
      if (idlest === undefined || last < idlest[1].touch) idlest = entry
    }
    if (idlest === undefined) return
    idlest[0].destroy()
    open.delete(idlest[0])
  }

  /** Answers wait in memory: the connections with most of them are closed first. */
  function boundUntaken(): void {
    const waiting = [...open].map(([socket, { answers }]) => ({ socket, bytes: untakenOf(socket, answers) }))
    let total = waiting.reduce((sum, { bytes }) => sum + bytes, 0)
    if (total <= limits.untakenBytes) return
    for (const { socket, bytes } of waiting.toSorted((one, other) => other.bytes - one.bytes)) {
      if (total <= limits.untakenBytes) return
      total -= bytes
      socket.destroy()
    }
  }

  function sweepConnections(): void {
    boundUntaken()
    const now = performance.now()
    for (const [socket, { answers, bytesAtTouch }] of open) {
      // Empty lines before a request and zeros before the size of a chunk are valid, and have no end.
      if (socket.bytesRead - bytesAtTouch > limits.bytesWithoutRequest) socket.destroy()
      const [first] = answers
      if (first === undefined || !first.headersSent) continue
      const since = begun.get(first)
      if (since === undefined) begun.set(first, now)
      else if (now - since > limits.answerTakenMs) socket.destroy()
    }
  }

  server.on('connection', (socket) => {
    touches += 1
    open.set(socket, { answers: none, touch: touches, bytesAtTouch: 0 })
    socket.once('close', () => open.delete(socket))
    makeRoom()
  })
  server.on('request', ({ socket }, response) => {
    const connection = open.get(socket)
    // It has been closed to make room.
    if (connection === undefined) return
    touch(socket, connection, [...connection.answers, response])
    // No honest caller does so: what would all be held for him is given up with him.
    if (connection.answers.length > limits.pipelined) socket.destroy()
    // Many large answers may be written between two sweeps.
    response.on('prefinish', () => {
      if (response.writableLength > largeAnswerBytes) boundUntaken()
    })
    response.on('close', () => {
      const others = connection.answers.filter((answer) => answer !== response)
      touch(socket, connection, others.length === 0 ? none : others)
    })
  })
  const sweep = setInterval(sweepConnections, sweepEveryMs).unref()
  server.once('close', () => clearInterval(sweep))

  return {
    count: () => open.size,
    openAnswers: (socket) => open.get(socket)?.answers ?? none,
    endWhenAnswered(socket) {
      ending.add(socket)
      const connection = open.get(socket)
      if (connection) touch(socket, connection, connection.answers)
      else closeLingering(socket)
    },
    async drain(limitMs) {
      isDraining = true
      const closed = once(server, 'close')
      server.close()
      for (const [socket, connection] of open) touch(socket, connection, connection.answers)
      const limit = setTimeout(() => server.closeAllConnections(), limitMs)
      await closed
      clearTimeout(limit)
    },
  }
}

/** Bytes that wait to be taken: in the socket, and in answers that wait for the ones before them. */
function untakenOf(socket: Socket, answers: readonly ServerResponse[]): number {
  const queued = answers.reduce((sum, { socket: own, writableLength }) => sum + (own ? 0 : writableLength), 0)
  return socket.writableLength + queued
}
