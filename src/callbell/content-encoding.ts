/** Decodes answers that a proxy compressed, although `accept-encoding: identity` forbids it. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

/** Decoders by name (RFC 9110, 8.4.1). They run in Node's thread pool, not in the event loop. */
const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])
const decodeRawDeflate = promisify(inflateRaw)

/** Whether a `content-encoding` header may name an encoding. A cheap check for each answer. */
export function isEncoded(header: string | string[] | undefined): header is string | string[] {
  return header !== undefined && header !== '' && header !== 'identity'
}

/**
 * @param header the value of `content-encoding`
 * @param bytes the encoded bytes
 * @param maxBytes limits the decoded bytes, so that a compression bomb takes no more memory
 * @throws Error if the encoding is unknown (as a list of several is), or the bytes are invalid or too many
 */
export async function decodeContent(
  header: string | string[],
  bytes: Buffer,
  maxBytes: number,
): Promise<Buffer> {
  const name = String(header).trim().toLowerCase()
  if (name === 'identity') return bytes
  const decode = decoders.get(name)
  if (decode === undefined) throw new Error(`unknown content-encoding ${JSON.stringify(name.slice(0, 40))}`)
  // A response without a body may name an encoding, too.
  if (bytes.length === 0) return bytes
  // Some servers send a raw DEFLATE stream as "deflate", without the zlib header.
  const isRaw = name === 'deflate' && !hasZlibHeader(bytes)
  return (isRaw ? decodeRawDeflate : decode)(bytes, { maxOutputLength: maxBytes })
}

/** RFC 1950, 2.2: the low half of the first byte is 8 (DEFLATE), and both bytes are a multiple of 31. */
function hasZlibHeader([first = 0, second = 0]: Buffer): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
