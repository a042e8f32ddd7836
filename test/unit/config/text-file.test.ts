/** Files of the configuration: what is read, and what is refused without being waited for. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readTextFile } from '../../../src/config/text-file.ts'

/** @returns a path in a new folder, after `make` has created something there */
function made(make: (path: string) => void): string {
  const path = join(mkdtempSync(join(tmpdir(), 'text-')), 'file')
  make(path)
  return path
}

function problem(text: string): object {
  return { problem: `VARIABLE ${text}` }
}

function unreadable(code: string): object {
  return problem(`cannot be read (${code}). Check the path of the file and its permissions`)
}

/** It begins with a character that is not ASCII: neither of its bytes need be a zero. */
const littleEndian = Buffer.from('è=1\r\n', 'utf16le')
const bigEndian = Buffer.from(littleEndian).swap16()
const utf16: readonly [string, Buffer][] = [
  ['UTF-16, little-endian, with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), littleEndian])],
  ['UTF-16, big-endian, with a mark', Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian])],
  ['UTF-16, little-endian, without a zero', Buffer.from('\uFEFF名前', 'utf16le')],
  ['UTF-16, little-endian, without a mark', littleEndian],
  ['UTF-16, big-endian, without a mark', bigEndian],
  ['UTF-16 of one letter', Buffer.from('a', 'utf16le')],
]

test.each<[string, (path: string) => void, object]>([
  ['a file', (path) => writeFileSync(path, 'è\n'), { text: 'è\n' }],
  ['an empty file', (path) => writeFileSync(path, ''), { text: '' }],
  ['a byte order mark', (path) => writeFileSync(path, '\uFEFFè\uFEFF'), { text: 'è\uFEFF' }],
  ['nothing but a byte order mark', (path) => writeFileSync(path, '\uFEFF'), { text: '' }],
  ...utf16.map(([what, bytes]): [string, (path: string) => void, object] => [
    what,
    (path) => writeFileSync(path, bytes),
    problem('must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8'),
  ]),
  [
    'a link to a file in a folder behind a link, as Kubernetes makes them',
    (path) => {
      mkdirSync(`${path}.1`)
      writeFileSync(`${path}.1/keys`, 'key')
      symlinkSync(`${path}.1`, `${path}.now`)
      symlinkSync(`${path}.now/keys`, path)
    },
    { text: 'key' },
  ],
  [
    'a file of several chunks',
    (path) => writeFileSync(path, 'è'.repeat(200_001)),
    { text: 'è'.repeat(200_001) },
  ],
  [
    'a file that states no size',
    (path) => symlinkSync('/proc/self/comm', path),
    { text: expect.stringMatching(/\n$/) },
  ],
  ['nothing', () => undefined, unreadable('ENOENT')],
  ['a folder', (path) => mkdirSync(path), problem('must be a regular file, but is a directory')],
  [
    'a pipe that nobody writes to',
    (path) => void execFileSync('mkfifo', [path]),
    problem('must be a regular file, but is a pipe'),
  ],
  [
    'a device without an end',
    (path) => symlinkSync('/dev/zero', path),
    problem('must be a regular file, but is a device'),
  ],
  ['no device', (path) => symlinkSync('/dev/null', path), problem('must be a regular file, but is a device')],
  [
    'a file of 10,000,001 bytes',
    (path) => {
      writeFileSync(path, '')
      truncateSync(path, 10_000_001)
    },
    problem('must have at most 10,000,000 bytes, but has 10,000,001'),
  ],
])('%s', (_what, make, expected) => {
  expect(readTextFile('VARIABLE', made(make))).toEqual(expected)
})

test('a file of 10,000,000 bytes', () => {
  const path = made((file) => {
    writeFileSync(file, 'a'.repeat(10_000_000))
  })
  const file = readTextFile('VARIABLE', path)
  expect('text' in file && file.text.length).toBe(10_000_000)
})

test('a socket', async () => {
  const server = createServer()
  const path = made(() => undefined)
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  expect(readTextFile('VARIABLE', path)).toEqual(unreadable('ENXIO'))
})
