/** Decodes what a proxy compressed, although `accept-encoding: identity` forbids it. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

/** Names of RFC 9110, 8.4.1, with what decodes them: off the event loop, in Node's thread pool. */
const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])
const decodeRawDeflate = promisify(inflateRaw)

/** Whether a `content-encoding` header may say that the bytes are not those of the text: it costs nothing to ask. */
export function isEncoded(header: string | string[] | undefined): header is string | string[] {
  return header !== undefined && header !== '' && header !== 'identity'
}

/**
 * @param header the value of `content-encoding`
 * @param bytes as they came
 * @param mostBytes how many bytes may come out: no more are made of a bomb
 * @throws Error where the encoding is unknown (a list of several is), or the bytes are broken or too many
 */
export async function decodeContent(
  header: string | string[],
  bytes: Buffer,
  mostBytes: number,
): Promise<Buffer> {
  const name = String(header).trim().toLowerCase()
  if (name === 'identity') return bytes
  const decode = decoders.get(name)
  if (decode === undefined) throw new Error(`unknown content-encoding ${JSON.stringify(name.slice(0, 40))}`)
  // A response without a body may name an encoding, too.
  if (bytes.length === 0) return bytes
  // Some servers take "deflate" for the bare stream, without the frame of zlib.
  const isBare = name === 'deflate' && !hasZlibHeader(bytes)
  return (isBare ? decodeRawDeflate : decode)(bytes, { maxOutputLength: mostBytes })
}

/** RFC 1950, 2.2: the low half of the first byte names the one method; both bytes are a multiple of 31. */
function hasZlibHeader([first = 0, second = 0]: Buffer): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
