/**
 * Closes connections whose peer may still be sending. Closing a socket with unread bytes resets the
 * connection, and the peer may lose the response before it has read it (RFC 9112, section 9.6).
 */
import { Socket } from 'node:net'

/** Milliseconds for the peer to read the response and to stop sending. */
const lingerMs = 2000
/** Bytes that are read and discarded in that time. Further bytes stay unread. */
const lingerBytes = 1_000_000

const closing = new WeakSet<Socket>()
const lingering = new WeakSet<Socket>()

/** @returns whether the connection is closing. A request that arrives now cannot be answered, so it must not run */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket) || !socket.writable
}

/** Serves no further request of the connection, and closes it after the response with `connection: close`. */
export function closeAfterAnswer(socket: Socket): void {
  if (closing.has(socket)) return
  closing.add(socket)
  // Node calls it after that response. Node's own method closes the socket at once.
  socket.destroySoon = () => closeLingering(socket)
}

/** Sends what is written and the end. Then it discards what arrives, within bounds, and closes the socket. */
export function closeLingering(socket: Socket): void {
  if (lingering.has(socket)) return
  lingering.add(socket)
  closing.add(socket)
  // If the HTTP server has paused the socket, only the server's own listener resumes reading.
  if (socket.isPaused()) socket.once('resume', () => discardInput(socket)).resume()
  else discardInput(socket)
  socket.end()
  const limit = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(limit))
  const close = Socket.prototype.destroySoon.bind(socket)
  if (socket.readableEnded) close()
  else socket.once('end', close)
}

/** Detaches the socket from the HTTP parser: parsing chunks and requests would cost more than reading bytes. */
function discardInput(socket: Socket): void {
  socket.removeAllListeners('data')
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > lingerBytes) socket.pause()
  })
}
