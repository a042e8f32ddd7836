/** How much a closing connection reads from a client that continues to send after its response. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpServer } from '../../src/http/server.ts'
import { listen } from '../../src/listen.ts'
import { openSocket } from '../support/raw-request.ts'

/** A server that answers every request at once, and the server's side of the next connection. */
async function startServer(): Promise<{ url: string; connection: Promise<Socket> }> {
  const { server } = createHttpServer((_request, response) => {
    setImmediate(() => response.writeHead(401).end('no'))
  })
  const connection = once(server, 'connection').then(([socket]) => socket)
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${port}/`, connection }
}

// A body that is too large is rejected with its first byte, and the connection is paused.
test.each([90_000, 900_000])('%i bytes after a response are read until the client ends', async (length) => {
  const { url, connection } = await startServer()
  const socket = await openSocket(url)
  const head = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n{`
  socket.write(head)
  // The response waits in the client's buffer while the client sends.
  await once(socket, 'readable')
  socket.end(' '.repeat(length - 1))
  const served = await connection
  await once(served, 'close')
  expect([served.bytesRead, served.errored]).toEqual([head.length + length - 1, null])
})

test('after a megabyte, nothing more is read', async () => {
  const { url, connection } = await startServer()
  const socket = await openSocket(url, true)
  socket.resume().write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000000\r\n\r\n{')
  const served = await connection
  socket.write(Buffer.alloc(20_000_000))
  await once(served, 'close')
  expect(served.bytesRead).toBeLessThan(1_200_000)
})
