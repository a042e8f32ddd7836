/** Files of the configuration: read whole, and only where reading them has an end. */
import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Some 70,000 API keys, or as much text of persisted documents. */
const largestBytes = 10_000_000
const chunkBytes = 65_536

type TextFile = { readonly text: string } | { readonly problem: string }

/**
 * Reads a file of the configuration. Symbolic links are followed. A pipe, a device or anything else that
 * is no regular file is refused: reading it could take forever, and could not be repeated. So is UTF-16,
 * in which some editors and shells of Windows write.
 *
 * @param name names the file in problems
 * @returns the text of at most 10,000,000 bytes, without a byte order mark, or why there is none, such as
 *   `… can't be read: ENOENT`
 */
export function readTextFile(name: string, path: string): TextFile {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    // Of the descriptor, not of the path, which may lead elsewhere in the meantime.
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return { problem: `${name} must be a regular file, but is ${kindOf(stats)}` }
    const bytes = stats.size > largestBytes ? undefined : readAll(descriptor)
    return bytes ? decode(name, bytes) : { problem: tooLarge(name, stats.size) }
  } catch (error) {
    // The code alone: a message quotes the path, and what stands there may be a secret, misplaced.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { problem: `${name} can't be read: ${code}` }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** @returns undefined where there is too much: a file may have more than it states, or grow meanwhile */
function readAll(descriptor: number): Buffer | undefined {
  const chunks: Buffer[] = []
  let size = 0
  while (size <= largestBytes) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const count = readSync(descriptor, chunk)
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
    size += count
  }
  return undefined
}

/** Editors of Windows begin a file with it; to what reads the text it would be part of the first word. */
const byteOrderMark = Buffer.from('\uFEFF')
const marksOfUtf16 = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])]

function decode(name: string, bytes: Buffer): TextFile {
  // Without a mark, UTF-16 shows by the zero in each ASCII character: text in UTF-8 has none.
  if (marksOfUtf16.some((mark) => startsWith(bytes, mark)) || bytes.includes(0)) {
    return { problem: `${name} must be UTF-8, but is UTF-16 or not text: save it as UTF-8` }
  }
  return { text: bytes.toString('utf8', startsWith(bytes, byteOrderMark) ? byteOrderMark.length : 0) }
}

function startsWith(bytes: Buffer, mark: Buffer): boolean {
  return bytes.subarray(0, mark.length).equals(mark)
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory'
  return stats.isFIFO() ? 'a pipe' : 'a device'
}

/** @param size as the file states it; it may state less than it has */
function tooLarge(name: string, size: number): string {
  const measured = Math.max(size, largestBytes + 1).toLocaleString('en-US')
  return `${name} must have at most ${largestBytes.toLocaleString('en-US')} bytes, but has ${measured}`
}
