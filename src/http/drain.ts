/** Ending an HTTP server without cutting anyone off in the middle. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Watches a server's connections from its start on.
 *
 * @returns a function that takes no new connection, closes those that wait for nothing, and
 *   resolves when the others have been answered or `limitMs` milliseconds are over
 */
export function createDrain(server: Server): (limitMs: number) => Promise<void> {
  /** How many requests are under way on each connection. */
  const underWay = new Map<Socket, number>()
  let isDraining = false

  function add(socket: Socket, requests: number): void {
    const left = (underWay.get(socket) ?? 0) + requests
    underWay.set(socket, left)
    if (isDraining && left === 0) socket.end()
  }

  server.on('connection', (socket) => {
    underWay.set(socket, 0)
    socket.once('close', () => underWay.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    add(socket, 1)
    response.once('close', () => underWay.has(socket) && add(socket, -1))
  })

  return async (limitMs) => {
    isDraining = true
    const closed = once(server, 'close')
    server.close()
    for (const socket of underWay.keys()) add(socket, 0)
    const limit = setTimeout(() => server.closeAllConnections(), limitMs)
    await closed
    clearTimeout(limit)
  }
}
