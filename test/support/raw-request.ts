/** A caller below HTTP: it sends bytes and returns the responses. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'

/** @param allowHalfOpen whether the caller may continue to send after the gateway has ended its side */
export async function openSocket(url: string, allowHalfOpen = false): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen })
  // The gateway may reset the connection.
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves when the connection is closed for any reason. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => void socket.once('close', resolve))
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * @param isAll whether the caller ends its side after the bytes
 * @returns all responses until the gateway closed the connection
 */
export async function sendRaw(url: string, bytes: string | Buffer, isAll = false): Promise<RawAnswer[]> {
  const socket = await openSocket(url)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  if (isAll) socket.end(bytes)
  else socket.write(bytes)
  await closed(socket)
  return readAnswers(text)
}

/** Parses responses whose bodies have a length, are chunked, or end with the connection. */
export function readAnswers(text: string): RawAnswer[] {
  if (text === '') return []
  const [head = ''] = text.split('\r\n\r\n', 1)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const rest = Buffer.from(text.slice(head.length + 4))
  const status = Number(statusLine.split(' ')[1])
  if (headers['transfer-encoding'] === 'chunked') {
    const { body, left } = readChunks(rest.toString())
    return [{ status, headers, body }, ...readAnswers(left)]
  }
  const untilClose = headers['connection'] === 'close' ? rest.length : 0
  const length = Number(headers['content-length'] ?? untilClose)
  const body = rest.subarray(0, length).toString()
  return [{ status, headers, body }, ...readAnswers(rest.subarray(length).toString())]
}

function readChunks(text: string): { body: string; left: string } {
  let bytes = Buffer.from(text)
  let body = ''
  for (;;) {
    const end = bytes.indexOf('\r\n')
    const size = Number.parseInt(bytes.subarray(0, end).toString(), 16)
    if (!(size > 0)) return { body, left: bytes.subarray(end + 4).toString() }
    body += bytes.subarray(end + 2, end + 2 + size).toString()
    bytes = bytes.subarray(end + 2 + size + 2)
  }
}
