/** Reads a request's body, and not a byte more than it may have. */
import type { IncomingMessage } from 'node:http'
import { Refused } from '../graphql/refused.ts'

/** A mutation with ten contacts takes a few kilobytes. */
export const largestBodyBytes = 100_000
/**
 * What is read and thrown away beyond that, so that a caller who is still sending gets to read the
 * answer; then the connection is cut.
 */
const lingerBytes = 1_000_000

const tooLarge = new Refused({
  status: 413,
  code: 'REQUEST_ENTITY_TOO_LARGE',
  message: `The request body must have at most ${largestBodyBytes} bytes`,
})

/**
 * @returns the body
 * @throws Refused if it is too large, or did not arrive whole
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > largestBodyBytes) reject(tooLarge)
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= largestBodyBytes) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      reject(tooLarge)
      if (size > largestBodyBytes + lingerBytes) request.destroy()
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('close', () => {
      // Nobody is there to read this answer, but whoever waits for the body must be told.
      if (!request.complete) {
        reject(new Refused({ status: 400, message: 'The request body did not arrive whole' }))
      }
    })
  })
}
