/** Bodies that are too large, or whose processing costs more than their bytes. */
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { closed, openSocket, sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import {
  create,
  upstreamRequests,
  resultOf,
  headOfPost,
  chunkedHead,
  expectService,
  readAll,
  write,
  flood,
  summary,
  tooLarge,
  tinyChunks,
  closing,
} from '../../support/attacks.ts'

describe('large and compressed bodies', () => {
  test('25 MB are not read', async () => {
    const gateway = await createTestGateway()
    const response = await gateway.post(' '.repeat(25_000_000))
    expect(await resultOf(response)).toEqual(tooLarge('25,000,000'))
  })

  test('25 MB in chunks, without a content-length, are not read', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    const chunk = `10000\r\n${' '.repeat(0x1_0000)}\r\n`
    let sent = 0
    while (!socket.destroyed && socket.writable && sent < 25_000_000) {
      sent += chunk.length
      if (!socket.write(chunk))
        await Promise.race([once(socket, 'drain').catch(() => undefined), closed(socket)])
    }
    await closed(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(sent).toBeLessThan(12_000_000)
  })

  test('a body with a content-length above the limit is refused before it arrives', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.setEncoding('utf8').write(`${headOfPost}content-length: 100001\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a body of 100,000 bytes is accepted, and one byte more is refused', async () => {
    const gateway = await createTestGateway()
    const query = '{"query":"{__typename}"}'
    expect(await resultOf(await gateway.post(query.padEnd(100_000)))).toEqual({
      status: 200,
      data: { __typename: 'Query' },
      errors: undefined,
    })
    expect(await resultOf(await gateway.post(query.padEnd(100_001)))).toEqual(tooLarge('100,001'))
  })

  test.each(['gzip', 'deflate', 'br', 'zstd'])(
    'a body that is compressed with %s is refused',
    async (encoding) => {
      const gateway = await createTestGateway()
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: gzipSync('{"query":"{__typename}"}'),
      })
      expect(await resultOf(response)).toEqual({
        status: 415,
        data: undefined,
        errors: ['BAD_REQUEST: Send the request body uncompressed, without `content-encoding`.'],
      })
    },
  )
})

describe('bodies whose processing costs more than their bytes', () => {
  const query = '{"query":"{__typename}"}'
  const lastChunk = '0\r\n\r\n'
  const mutation = JSON.stringify({ query: `mutation{${create}}` })
  const wholeMutation = `${headOfPost}content-length: ${mutation.length}\r\n\r\n${mutation}`
  const tooManyChunks =
    'BAD_REQUEST: The request body has 2,041 chunks for 2,041 bytes; the limit is 2,000 chunks and one more for each 50 bytes.'

  test.each([
    ['99,990 chunks', tinyChunks(99_990)],
    ['a complete body followed by a mutation', tinyChunks(3000) + lastChunk + wholeMutation],
  ])('chunks of one byte are refused: %s', async (_name, chunks) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, chunkedHead + chunks)
    expect(answers.map(summary)).toEqual([{ status: 400, connection: 'close', errors: [tooManyChunks] }])
    expect(upstreamRequests(gateway)).toBe(0)
    await expectService(gateway)
  })

  test.each([
    [
      'without credentials',
      chunkedHead,
      401,
      ['UNAUTHENTICATED: Missing or invalid credentials. Send an API key in `x-api-key`.'],
    ],
    ['to a path that does not exist', chunkedHead.replace('/graphql', '/nowhere'), 404, undefined],
    ['after a health check', chunkedHead.replace('POST /graphql', 'GET /livez'), 200, undefined],
  ])('chunks of one byte %s close the connection', async (_name, head, status, errors) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => [] } })
    const answers = await sendRaw(gateway.url, head + tinyChunks(99_990) + lastChunk + wholeMutation)
    expect(answers.map(summary)).toEqual([{ status, connection: 'close', errors }])
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test.each([
    ['2,000 chunks of one byte', tinyChunks(1977) + query.replaceAll(/./g, (byte) => tinyChunks(1, byte))],
    ['3,900 chunks of 25 bytes', `19\r\n${' '.repeat(25)}\r\n`.repeat(3899) + `19\r\n${query} \r\n`],
  ])('a body within the limit is accepted: %s', async (_name, chunks) => {
    const gateway = await createTestGateway()
    const bytes = closing(chunkedHead) + chunks + lastChunk
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '{"data":{"__typename":"Query"}}'],
    ])
  })

  test('a client that writes a small body byte by byte is served', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.setNoDelay(true)
    const reading = readAll(socket)
    socket.write(`${headOfPost}connection: close\r\ncontent-length: ${query.length}\r\n\r\n`)
    for (const byte of query) await write(socket, byte)
    expect(await reading).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"data":\{"__typename":"Query"\}\}$/)
  })

  test.each([
    [
      'empty lines between two requests',
      'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n',
      '\r\n'.repeat(50_000),
    ],
    ['zeros before the size of a chunk', chunkedHead, '0'.repeat(100_000)],
  ])('endless %s close the connection', async (_name, head, bytes) => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.resume().write(head)
    await flood(socket, bytes)
    expect(upstreamRequests(gateway)).toBe(0)
    await expectService(gateway)
  })
})
