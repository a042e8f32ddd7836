/** Files of the configuration. They are read whole, and only if reading them is sure to end. */
import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Enough for about 70,000 API keys, or as many bytes of persisted documents. */
const maxBytes = 10_000_000
const chunkBytes = 65_536

type TextFile = { readonly text: string } | { readonly problem: string }

/**
 * Reads a file of the configuration. Symbolic links are followed. A pipe, a device or anything else that
 * is not a regular file is refused: reading it could take forever, and could not be repeated. So is
 * UTF-16, in which some editors and shells of Windows write.
 *
 * @param name names the file in the problem
 * @returns the text of at most 10,000,000 bytes, without a byte order mark, or why it cannot be read
 */
export function readTextFile(name: string, path: string): TextFile {
  const file = readText(path)
  return 'text' in file ? file : { problem: `${name} ${file.problem}` }
}

/** Reads a file as `readTextFile` does. The problem is the rest of a sentence that starts with a name. */
export function readText(path: string): TextFile {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK, opening a pipe waits until a process writes to it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    // By the descriptor, not by the path, which may meanwhile lead to another file.
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return { problem: `must be a regular file, but is ${kindOf(stats)}` }
    const bytes = stats.size > maxBytes ? undefined : readAll(descriptor)
    return bytes ? decode(bytes) : { problem: tooLarge(stats.size) }
  } catch (error) {
    // Only the code: a message of Node quotes the path, which may be a secret in the wrong variable.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { problem: `cannot be read (${code}). Check the path of the file and its permissions` }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** @returns undefined if the file is too large: it may have more bytes than it states, or grow meanwhile */
function readAll(descriptor: number): Buffer | undefined {
  const chunks: Buffer[] = []
  let size = 0
  while (size <= maxBytes) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const count = readSync(descriptor, chunk)
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
    size += count
  }
  return undefined
}

/** Editors of Windows begin a file with it. A parser would take it for a part of the first word. */
const byteOrderMark = Buffer.from('\uFEFF')
const utf16Marks = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])]

function decode(bytes: Buffer): TextFile {
  // Without a mark, UTF-16 is recognized by the zero byte of ASCII characters: UTF-8 text has none.
  if (utf16Marks.some((mark) => startsWith(bytes, mark)) || bytes.includes(0)) {
    return { problem: 'must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8' }
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

/** @param size as the file states it; the file may have more */
function tooLarge(size: number): string {
  const measured = Math.max(size, maxBytes + 1).toLocaleString('en-US')
  return `must have at most ${maxBytes.toLocaleString('en-US')} bytes, but has ${measured}`
}
