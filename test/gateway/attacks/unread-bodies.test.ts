/** Incomplete bodies, and bodies that the gateway does not read. */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { scopes } from '../../../src/domain/caller.ts'
import { openSocket, readAnswers, sendRaw } from '../../support/raw-request.ts'
import type { TestGateway } from '../../support/test-gateway.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import {
  create,
  upstreamRequests,
  headOfPost,
  chunkedHead,
  expectService,
  readAll,
  write,
  flood,
  closing,
} from '../../support/attacks.ts'

describe('incomplete bodies', () => {
  const head = `${headOfPost}content-length: 100000\r\n\r\n`
  const query = '{"query":"{__typename}"}'
  const unfinished = (head + query).padEnd(head.length + 99_980)

  /** Opens a connection with a body that lacks 20 bytes, and waits until the gateway has read it. */
  async function sendUnfinished(gateway: TestGateway): Promise<{ socket: Socket; answer: Promise<string> }> {
    const socket = await openSocket(gateway.url)
    const answer = readAll(socket)
    await write(socket, unfinished)
    // The gateway has read the body before it answers this request.
    await fetch(new URL('/livez', gateway.url))
    return { socket, answer }
  }

  test('above the memory limit the oldest of the largest bodies is refused, and the others are served', async () => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    const small = await openSocket(gateway.url)
    const smallAnswer = readAll(small)
    small.write(
      `${headOfPost}connection: close\r\ncontent-length: ${query.length}\r\n\r\n${query.slice(0, -1)}`,
    )
    const first = await sendUnfinished(gateway)
    const second = await sendUnfinished(gateway)
    const third = await sendUnfinished(gateway)
    const [refused] = readAnswers(await first.answer)
    expect([refused?.status, refused?.headers['connection'], refused?.headers['retry-after']]).toEqual([
      503,
      'close',
      '1',
    ])
    expect(JSON.parse(refused?.body ?? '').errors).toEqual([
      {
        message: expect.stringMatching(
          /^The gateway is receiving too many large request bodies: they take 2\d\d,\d\d\d bytes of memory, and the limit is 250,000 bytes\.$/,
        ),
        extensions: {
          code: 'OVERLOADED',
          outcome: 'NOT_APPLIED',
          retryable: true,
          retryAfterMs: 1000,
          requestId: expect.any(String),
        },
      },
    ])
    await expectService(gateway)
    small.write(query.slice(-1))
    second.socket.write(' '.repeat(20))
    third.socket.write(' '.repeat(20))
    expect(await smallAnswer).toMatch(/^HTTP\/1\.1 200 /)
    await expect.poll(() => [second.socket.bytesRead > 0, third.socket.bytesRead > 0]).toEqual([true, true])
    second.socket.destroy()
    third.socket.destroy()
    expect([await second.answer, await third.answer]).toEqual([
      expect.stringMatching(/^HTTP\/1\.1 200 /),
      expect.stringMatching(/^HTTP\/1\.1 200 /),
    ])
  })

  const whole = unfinished + ' '.repeat(20)
  test.each([
    ['has been read', closing(whole), 200],
    ['was refused with its request', closing(whole.replace('application/json', 'text/plain')), 415],
    ['was refused before it was complete', unfinished.replace('application/json', 'text/plain'), 415],
    ['is too large', closing(`${chunkedHead}186a1\r\n${' '.repeat(100_001)}\r\n`), 413],
  ])('the memory of a body is released when it %s', async (_name, bytes, status) => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    for (let round = 0; round < 4; round += 1) {
      const answers = await sendRaw(gateway.url, bytes)
      expect(answers.map((answer) => answer.status)).toEqual([status])
    }
    await expectFreeMemory(gateway)
  })

  test('the memory of a body is released when its sender disconnects', async () => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    for (let round = 0; round < 4; round += 1) {
      const { socket } = await sendUnfinished(gateway)
      socket.destroy()
    }
    await expect.poll(() => gateway.connections()).toBeLessThan(2)
    await expectFreeMemory(gateway)
  })

  /** Two bodies fill the memory. Neither is refused, so no other body takes memory. */
  async function expectFreeMemory(gateway: TestGateway): Promise<void> {
    const bodies = [await sendUnfinished(gateway), await sendUnfinished(gateway)]
    await expectService(gateway)
    expect(bodies.map(({ socket }) => socket.bytesRead)).toEqual([0, 0])
  }
})

describe('unread bodies', () => {
  const key = { 'x-api-key': 'k' }
  const apiKeys = [{ name: 'a', digest: hash('sha256', 'k', 'buffer'), scopes: new Set(scopes) }]

  /** Requests with a body that is not read, and the status of the response. */
  const unread: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ['POST /graphql', {}, 401],
    ['POST /nowhere', key, 404],
    ['GET /nowhere', key, 404],
    ['DELETE /graphql', key, 405],
    ['POST /graphql', { ...key, accept: 'text/html' }, 406],
    ['POST /graphql', key, 413],
    ['POST /graphql', { ...key, 'content-type': 'text/plain' }, 415],
    ['POST /graphql', { ...key, 'content-encoding': 'gzip' }, 415],
    ['POST /graphql', { ...key, expect: 'more' }, 417],
    ['POST /graphql', { ...key, host: 'evil.example' }, 421],
    ['POST /graphql', { ...key, host: '1.2.3.4.5' }, 400],
    ['GET /graphql', { ...key, 'sec-fetch-site': 'cross-site' }, 403],
    ['GET /graphql?query={__typename}', key, 200],
    ['OPTIONS /graphql', {}, 204],
    ['GET /', {}, 302],
    ['GET /livez', {}, 200],
    ['HEAD /livez', {}, 200],
    ['GET /readyz', {}, 200],
    ['GET /metrics', key, 200],
  ]

  test('a response before the end of the body closes the connection', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const answers = unread.map(async ([request, given]) => {
      const socket = await openSocket(gateway.url, true)
      const answer = readAll(socket)
      const headers = { host: 'localhost', 'content-type': 'application/json', ...given }
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`${request} HTTP/1.1\r\n${lines.join('')}content-length: 10000000000\r\n\r\n`)
      await flood(socket, Buffer.alloc(100_000))
      const [head = ''] = (await answer).split('\r\n\r\n', 1)
      const isClosing = /\r\nconnection: close(?:\r\n|$)/i.test(head)
      return [request, given, Number(head.split(' ')[1]), isClosing]
    })
    expect(await Promise.all(answers)).toEqual(unread.map((row) => [...row, true]))
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('gigabytes after a response are not read', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url, true)
    socket.resume().write(`${headOfPost}content-length: 10000000000\r\n\r\n`)
    // One megabyte is read. The buffers of the two sockets take a few more.
    expect(await flood(socket, Buffer.alloc(1_000_000))).toBeLessThan(30_000_000)
    await expect.poll(() => gateway.connections()).toBe(0)
  })

  test.each([
    ['a partly sent body', 90_001, '{'],
    ['a body that is too large', 900_000, '{'],
    ['a body that has not arrived', 90_000, ''],
  ])('a client that is still sending can read the response: %s', async (_name, length, start) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url)
    const failures: Error[] = []
    socket.on('error', (error) => failures.push(error))
    socket.write(`${headOfPost}content-length: ${length}\r\n\r\n${start}`)
    // The response waits in the client's buffer while the client sends.
    await once(socket, 'readable')
    await write(socket, ' '.repeat(length - start.length))
    const answer = readAll(socket)
    socket.end()
    expect(await answer).toMatch(
      /^HTTP\/1\.1 401 [\s\S]*"Missing or invalid credentials\. Send an API key in `x-api-key`\."/,
    )
    expect(failures).toEqual([])
  })

  test('the connection is kept if the complete request has arrived', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url)
    const body = '{"query":"{__typename}"}'
    const bytes = `${headOfPost}content-length: ${body.length}\r\n\r\n${body}`
    for (let round = 0; round < 3; round += 1) {
      socket.write(bytes)
      const [answer] = readAnswers(String((await once(socket, 'data'))[0]))
      expect([answer?.status, answer?.headers['connection']]).toEqual([401, 'keep-alive'])
    }
  })

  test('a pipelined mutation after an unread body does not run', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url, true)
    const body = JSON.stringify({ query: `mutation{${create}}` })
    const mutation = `${headOfPost}content-length: ${body.length}\r\n\r\n${body}`
    let answers = ''
    socket.on('data', (chunk) => (answers += String(chunk)))
    socket.write('POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n')
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(0)
    socket.write(`12345${mutation}`)
    await expect.poll(() => gateway.connections()).toBe(0)
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404'])
    expect(upstreamRequests(gateway)).toBe(0)
  })
})
