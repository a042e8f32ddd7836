/** An upstream below HTTP: it reads complete requests, and a test decides what happens to the socket. */
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/listen.ts'

export interface RawUpstream {
  readonly url: string
  /** Every request as a string, head and body. */
  readonly requests: readonly string[]
  /** The number of opened connections. */
  connections(): number
}

/**
 * @param answer called when a request has arrived completely, with its number from 0, and its bytes
 */
export async function startRawUpstream(
  answer: (socket: Socket, number: number, request: string) => void,
): Promise<RawUpstream> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    // Many of these tests close connections early.
    socket.on('error', () => socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (head < 0 || Buffer.byteLength(text.slice(head + 4)) < length) return
      requests.push(text)
      const request = text
      text = ''
      answer(socket, requests.length - 1, request)
    })
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${port}/v1`, requests, connections: () => connections }
}

/** @returns a complete HTTP response as a string */
export function httpAnswer(status: string, body = '', headers = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`
}
