/**
 * Closes a connection whose peer may still be sending. A socket that is closed with unread bytes resets
 * the connection, and the peer may lose the answer before it has read it. RFC 9112, section 9.6.
 */
import { Socket } from 'node:net'

/** Milliseconds for the peer to read the answer and to stop sending. */
const lingerMs = 2000
/** Bytes that are read and discarded in that time. What exceeds them stays unread. */
const lingerBytes = 1_000_000

const closing = new WeakSet<Socket>()
const lingering = new WeakSet<Socket>()

/** @returns whether a request that comes now could not be answered, and so must not be served */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket) || !socket.writable
}

/** Serves no further request of the connection, and lingers when the answer that says `close` has left. */
export function closeAfterAnswer(socket: Socket): void {
  if (closing.has(socket)) return
  closing.add(socket)
  // Node calls it behind that answer. Its own closes the socket at once.
  socket.destroySoon = () => closeLingering(socket)
}

/** Sends what is written and the end; then discards what comes, within bounds, and closes the socket. */
export function closeLingering(socket: Socket): void {
  if (lingering.has(socket)) return
  lingering.add(socket)
  closing.add(socket)
  // A socket that the HTTP server has paused starts to read again by the server's own listener only.
  if (socket.isPaused()) socket.once('resume', () => discardInput(socket)).resume()
  else discardInput(socket)
  socket.end()
  const limit = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(limit))
  const close = Socket.prototype.destroySoon.bind(socket)
  if (socket.readableEnded) close()
  else socket.once('end', close)
}

/** Takes the socket from the HTTP parser: chunks and further requests would cost more than their bytes do. */
function discardInput(socket: Socket): void {
  socket.removeAllListeners('data')
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) socket.pause()
  })
}
