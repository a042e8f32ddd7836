/** A TCP proxy that delays what the server sends, or everything. */
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/listen.ts'

export interface SlowProxy {
  readonly url: string
  /** Sets the delay of replies in milliseconds, from now on. */
  replyMs: number
}

/** @param url of the server, with a port */
export async function startSlowProxy(url: string, { replyMs = 0, connectMs = 0 } = {}): Promise<SlowProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) sockets.add(socket.on('error', end).on('close', end))
    setTimeout(() => void client.pipe(upstream), connectMs)
    // The order is kept: each timer has the same delay as the one before it, or a longer one.
    upstream.on('data', (chunk) => setTimeout(() => client.write(chunk), proxy.replyMs))
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const proxy = { url: `${target.protocol}//127.0.0.1:${port}`, replyMs }
  return proxy
}
