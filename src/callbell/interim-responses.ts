/**
 * Lets undici pass over a `100 Continue` that nobody asked for. RFC 9110, 15.2: a client must be able to
 * take any 1xx response before the final one, whether it expects one or not. undici passes over all of
 * them but 100, upon which it destroys the connection, though the request may be carried out.
 */
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'

/**
 * @param timeoutMs milliseconds for a TCP and TLS connection to be made, at most
 * @returns what undici makes its HTTP/1.1 connections with
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

/** `HTTP/1.1 100`: the place of each digit of the status. */
const [firstDigit, secondDigit, lastDigit] = [9, 10, 11]
const [h, zero, one, three, lineFeed, carriageReturn] = Buffer.from('H013\n\r')

/**
 * Writes 103 in place of each 100 that comes before a final response: to undici all other interim responses
 * are the same. What follows a final status is not looked at until the next request is written.
 */
function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket)
  const write = socket.write.bind(socket)
  let isFinalDue = false
  /** How many bytes of the present status line have come, as far as its last digit. */
  let place = 0
  let isSecondZero = false
  /** How many of the latest bytes of an interim response are the start of the two line ends at its end. */
  let ending = 0

  function scan(chunk: Buffer): void {
    for (let index = 0; index < chunk.length && isFinalDue; index += 1) {
      const byte = chunk[index]
      if (place > lastDigit) findEnd(byte)
      else if (isContinue(byte)) chunk[index] = three ?? 0
    }
  }

  /** @returns whether this is the last digit of a 100 */
  function isContinue(byte: number | undefined): boolean {
    // A final response, or not HTTP at all: undici judges that.
    if ((place === 0 && byte !== h) || (place === firstDigit && byte !== one)) isFinalDue = false
    if (place === secondDigit) isSecondZero = byte === zero
    place += 1
    return place > lastDigit && isSecondZero && byte === zero
  }

  function findEnd(byte: number | undefined): void {
    ending = byte === (ending % 2 === 0 ? carriageReturn : lineFeed) ? ending + 1 : 0
    if (ending === 4) startResponse()
  }

  function startResponse(): void {
    place = 0
    ending = 0
  }

  Object.assign(socket, {
    write(...args: Parameters<typeof write>) {
      isFinalDue = true
      startResponse()
      return write(...args)
    },
    read(size?: number) {
      const chunk: Buffer | null = read(size)
      if (chunk !== null && isFinalDue) scan(chunk)
      return chunk
    },
  })
}
