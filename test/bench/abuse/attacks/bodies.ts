/** Bodies that come in pieces, never end, or are sent to somebody who does not read them. */
import { apiKeys } from '../scene.ts'
import type { Attack, Attacker } from '../attack.ts'
import { postHead, requestBytes } from '../requests.ts'

const withKey = `x-api-key: ${apiKeys.attacker}`
const chunked = 'transfer-encoding: chunked'
/** Just below the limit of a body. */
const unfinishedBytes = 99_980

const largeChunkBytes = 65_536
const largeChunk = Buffer.from(`${largeChunkBytes.toString(16)}\r\n${'a'.repeat(largeChunkBytes)}\r\n`)

/** A body of spaces in chunks of one byte: as long as a body may be, and then the next request. */
function tinyChunks(attacker: Attacker, headers: readonly string[]): Promise<void> {
  const head = requestBytes([...postHead(attacker.host, headers), chunked])
  const request = Buffer.concat([head, Buffer.from('1\r\n \r\n'.repeat(99_990)), Buffer.from('0\r\n\r\n')])
  return attacker.flood(() => request, { connections: 20 })
}

/** @param head of a request that is answered before its body has been read */
function endlessBody(head: (attacker: Attacker) => readonly string[]): Attack['run'] {
  return (attacker) =>
    attacker.hold({
      connections: 4,
      begin(line) {
        line.write(requestBytes([...head(attacker), chunked]))
        line.pump(largeChunk)
      },
    })
}

export const bodyAttacks: readonly Attack[] = [
  {
    name: 'tiny-chunks',
    what: '20 connections send bodies of 99,990 bytes in chunks of one byte, with a key',
    run: (attacker) => tinyChunks(attacker, [withKey]),
  },
  {
    name: 'tiny-chunks-anonymous',
    what: 'the same without credentials',
    run: (attacker) => tinyChunks(attacker, []),
  },
  {
    name: 'unfinished-bodies',
    what: '1,900 connections send 99,980 of 99,990 bytes',
    run(attacker) {
      const head = [...postHead(attacker.host, [withKey]), `content-length: ${unfinishedBytes + 10}`]
      const request = requestBytes(head, Buffer.alloc(unfinishedBytes, ' '))
      return attacker.hold({ connections: 1900, begin: ({ write }) => void write(request) })
    },
  },
  {
    name: 'dripping-bodies',
    what: '1,900 connections send one byte of a body each second',
    run(attacker) {
      const head = requestBytes([...postHead(attacker.host, [withKey]), 'content-length: 99990'])
      const byte = Buffer.from(' ')
      return attacker.hold({
        connections: 1900,
        begin({ socket, write }) {
          write(head)
          const timer = setInterval(() => void write(byte), 1000)
          socket.once('close', () => clearInterval(timer))
        },
      })
    },
  },
  {
    name: 'endless-body-401',
    what: 'a body without end behind a 401, on 4 connections',
    run: endlessBody(({ host }) => postHead(host)),
  },
  {
    name: 'endless-body-404',
    what: 'a body without end behind a 404, on 4 connections',
    run: endlessBody(({ host }) => ['POST /nowhere HTTP/1.1', `host: ${host}`]),
  },
  {
    name: 'endless-body-415',
    what: 'a body without end behind a 415, on 4 connections, with a key',
    run: endlessBody(({ host }) => ['POST /graphql HTTP/1.1', `host: ${host}`, 'content-type: a/b', withKey]),
  },
  {
    name: 'endless-body-livez',
    what: '`GET /livez` with a body without end, on 4 connections',
    run: endlessBody(({ host }) => ['GET /livez HTTP/1.1', `host: ${host}`]),
  },
  {
    name: 'expect-continue',
    what: '1,900 connections send `expect: 100-continue` with a key, and then no body',
    run(attacker) {
      const head = [...postHead(attacker.host, [withKey]), 'content-length: 99990', 'expect: 100-continue']
      const request = requestBytes(head)
      return attacker.hold({ connections: 1900, begin: ({ write }) => void write(request) })
    },
  },
]
