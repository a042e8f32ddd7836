/**
 * Makes undici skip an unexpected `100 Continue`. RFC 9110, 15.2: a client must accept any 1xx response
 * before the final one, even if it does not expect one. undici skips all of them except 100: then it
 * destroys the connection, although the request may be carried out.
 */
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'

/**
 * @param timeoutMs the limit for the TCP and TLS handshakes, in milliseconds
 * @returns a connector for undici's HTTP/1.1 connections
 */
export function createConnector(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false })
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result
      if (socket) skipContinue(socket)
      callback(...result)
    })
}

/** The position of each digit of the status in `HTTP/1.1 100`. */
const [firstDigit, secondDigit, lastDigit] = [9, 10, 11]
const [h, zero, one, three, lineFeed, carriageReturn] = Buffer.from('H013\n\r')

/**
 * Replaces each status 100 before a final response by 103: undici treats all other interim responses
 * alike. The bytes after a final status are not scanned until the next request is written.
 */
function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket)
  const write = socket.write.bind(socket)
  let isFinalPending = false
  /** The number of received bytes of the current status line, up to its last digit. */
  let position = 0
  let isSecondZero = false
  /** How many of the latest bytes match the two line ends that end an interim response. */
  let matchedEnd = 0

  function scan(chunk: Buffer): void {
    for (let index = 0; index < chunk.length && isFinalPending; index += 1) {
      const byte = chunk[index]
      if (position > lastDigit) findEnd(byte)
      else if (isContinue(byte)) chunk[index] = three ?? 0
    }
  }

  /** @returns whether this is the last digit of a 100 */
  function isContinue(byte: number | undefined): boolean {
    // A final response, or not HTTP: undici handles both.
    if ((position === 0 && byte !== h) || (position === firstDigit && byte !== one)) isFinalPending = false
    if (position === secondDigit) isSecondZero = byte === zero
    position += 1
    return position > lastDigit && isSecondZero && byte === zero
  }

  function findEnd(byte: number | undefined): void {
    matchedEnd = byte === (matchedEnd % 2 === 0 ? carriageReturn : lineFeed) ? matchedEnd + 1 : 0
    if (matchedEnd === 4) startResponse()
  }

  function startResponse(): void {
    position = 0
    matchedEnd = 0
  }

  Object.assign(socket, {
    write(...args: Parameters<typeof write>) {
      isFinalPending = true
      startResponse()
      return write(...args)
    },
    read(size?: number) {
      const chunk: Buffer | null = read(size)
      if (chunk !== null && isFinalPending) scan(chunk)
      return chunk
    },
  })
}
