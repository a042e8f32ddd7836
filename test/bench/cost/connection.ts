/**
 * A connection that sends one request after the other, written by hand: a client with more to it
 * would take more of the machine than some of the servers do.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

export type Request = Buffer

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface Connection {
  /** Sends a request, and calls back with its answer. One at a time. */
  send(request: Request, done: (answer: Answer) => void): void
  close(): void
}

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

function dechunk(chunked: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = chunked.indexOf('\r\n', at)
    const size = Number.parseInt(chunked.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(chunked.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** What the bytes hold, if they hold a whole answer. They are those of one answer at most. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  const bodyAt = bytes.indexOf(headEnd) + headEnd.length
  if (bodyAt < headEnd.length) return undefined
  const head = bytes.toString('latin1', 0, bodyAt)
  const status = Number(head.slice(9, 12))
  const body = bytes.subarray(bodyAt)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return body.length < Number(length) ? undefined : { status, body }
  const isWhole = body.length >= lastChunk.length && body.subarray(-lastChunk.length).equals(lastChunk)
  return isWhole ? { status, body: dechunk(body) } : undefined
}

/** @param onLost called when it ends before it was closed */
export async function openConnection(
  host: string,
  port: number,
  onLost: (error: Error) => void,
): Promise<Connection> {
  const socket: Socket = connect({ host, port, noDelay: true })
  let isClosed = false
  socket.once('error', onLost)
  socket.once('close', () => {
    if (!isClosed) onLost(new Error('the server closed a connection'))
  })
  await once(socket, 'connect')
  let received: Buffer | undefined
  let waiting: ((answer: Answer) => void) | undefined
  socket.on('data', (chunk) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk])
    const answer = readAnswer(received)
    if (answer === undefined) return
    const done = waiting
    received = undefined
    waiting = undefined
    done?.(answer)
  })
  return {
    send(request, done) {
      waiting = done
      socket.write(request)
    },
    close() {
      isClosed = true
      socket.destroy()
    },
  }
}
