/** The connections of an HTTP server: how many there may be, how long they may idle, and how they end. */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** One more, and the one that has been idle for longest is closed. */
  readonly connections: number
  /** Milliseconds for an answer to be taken by its reader, from its first byte on. */
  readonly answerTakenMs: number
  /** Bytes of answers that wait to be taken, of all connections together. */
  readonly untakenBytes: number
  /** Requests that one connection may send without waiting for their answers. */
  readonly pipelined: number
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

/** Watches a server's connections from its start on. */
export function watchConnections(server: Server, limits: ConnectionLimits): Connections {
  /** The answers that each connection waits for. Those that have been idle for longest come first. */
  const open = new Map<Socket, ServerResponse[]>()
  const ending = new WeakSet<Socket>()
  /** Since when answers have been on their way. */
  const begun = new WeakMap<ServerResponse, number>()
  let isDraining = false

  function touch(socket: Socket, answers: ServerResponse[]): void {
    open.delete(socket)
    open.set(socket, answers)
    if (answers.length === 0 && (isDraining || ending.has(socket))) socket.end()
  }

  /**
   * Strangers who open connections and say nothing, or never all, lose theirs first; whoever is
   * being served keeps his. If all are, the newest goes: it has said nothing yet.
   */
  function makeRoom(): void {
    if (open.size <= limits.connections) return
    for (const [socket, answers] of open) {
      if (answers.some(({ req }) => req.complete)) continue
      socket.destroy()
      open.delete(socket)
      return
    }
  }

  /** Answers wait in memory: those who let the most of them wait go first. */
  function boundUntaken(): void {
    const waiting = [...open.keys()].filter(({ writableLength }) => writableLength > 0)
    let total = waiting.reduce((sum, { writableLength }) => sum + writableLength, 0)
    if (total <= limits.untakenBytes) return
    for (const socket of waiting.toSorted((one, other) => other.writableLength - one.writableLength)) {
      if (total <= limits.untakenBytes) return
      total -= socket.writableLength
      socket.destroy()
    }
  }

  function cutSlowReaders(): void {
    boundUntaken()
    const now = performance.now()
    for (const [socket, answers] of open) {
      const [first] = answers
      if (first === undefined || !first.headersSent) continue
      const since = begun.get(first)
      if (since === undefined) begun.set(first, now)
      else if (now - since > limits.answerTakenMs) socket.destroy()
    }
  }

  server.on('connection', (socket) => {
    open.set(socket, [])
    socket.once('close', () => open.delete(socket))
    makeRoom()
  })
  server.on('request', ({ socket }, response) => {
    const waiting = [...(open.get(socket) ?? []), response]
    touch(socket, waiting)
    // No honest caller does so: what would all be held for him is given up with him.
    if (waiting.length > limits.pipelined) socket.destroy()
    response.once('close', () => {
      const answers = open.get(socket)
      const others = answers?.filter((answer) => answer !== response)
      if (others) touch(socket, others)
    })
  })
  const sweep = setInterval(cutSlowReaders, sweepEveryMs).unref()
  server.once('close', () => clearInterval(sweep))

  return {
    count: () => open.size,
    openAnswers: (socket) => open.get(socket) ?? [],
    endWhenAnswered(socket) {
      ending.add(socket)
      touch(socket, open.get(socket) ?? [])
    },
    async drain(limitMs) {
      isDraining = true
      const closed = once(server, 'close')
      server.close()
      for (const [socket, answers] of Array.from(open)) touch(socket, answers)
      const limit = setTimeout(() => server.closeAllConnections(), limitMs)
      await closed
      clearTimeout(limit)
    },
  }
}
