/** An upstream in its own thread that records when the first byte of each request arrives. */
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'
import type { UpstreamOptions, UpstreamReport } from './recording-upstream.ts'

const { handshakeMs, acceptMs, backlog, latencyMs, isKeptAlive, certificate, key }: UpstreamOptions =
  workerData

/** Milliseconds on the clock of this thread. */
const arrivals: number[] = []
/** Periods in which this thread was blocked: requests that arrived meanwhile are recorded late. */
const stalls: number[] = []
let statuses: number[] = []

const body = JSON.stringify({ contact: { uuid: 'u', name: 'Ada', source: 'whatsapp' } })

function answer(status: number): string {
  const connection = isKeptAlive ? 'keep-alive' : 'close'
  return `HTTP/1.1 ${status} X\r\nconnection: ${connection}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

function serve(socket: Socket): void {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (text === '') arrivals.push(performance.now())
    text += chunk
    if (!text.includes('\r\n\r\n')) return
    text = ''
    const status = statuses.shift() ?? 200
    setTimeout(
      () => socket.writable && socket.write(answer(status), () => isKeptAlive || socket.end()),
      latencyMs,
    )
  })
  socket.on('error', () => socket.destroy())
}

function listen(): Server {
  if (certificate === undefined) {
    return createServer({ pauseOnConnect: true }, (socket) => {
      // Accepted late: the kernel established the connection, and received the request, long before.
      socket.on('error', () => socket.destroy())
      setTimeout(() => {
        serve(socket)
        socket.resume()
      }, acceptMs)
    })
  }
  const tls = createTlsServer({ cert: certificate, key }, serve)
  tls.on('tlsClientError', () => undefined)
  return createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    setTimeout(() => tls.emit('connection', socket), handshakeMs)
  })
}

let tickedAt = performance.now()
setInterval(() => {
  const now = performance.now()
  if (now - tickedAt > 50) stalls.push(now)
  tickedAt = now
}, 5)

const server = listen()
server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined)
})
parentPort?.on('message', (message: 'report' | { blockMs: number } | { statuses: number[] }) => {
  if (message === 'report') {
    parentPort?.postMessage({ arrivals, stalls, now: performance.now() } satisfies UpstreamReport)
  } else if ('blockMs' in message) {
    // Blocks the thread: it accepts and reads nothing.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.blockMs)
    tickedAt = performance.now()
  } else {
    statuses = message.statuses
  }
})
