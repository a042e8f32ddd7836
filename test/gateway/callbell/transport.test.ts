import { createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import type { CallbellErrorCode, Progress } from '../../../src/domain/callbell-error.ts'
import type { Answer } from '../../../src/callbell/response-handler.ts'
import type { Transport, TransportRequest } from '../../../src/callbell/transport.ts'
import { createTransport } from '../../../src/callbell/transport.ts'
import { listen } from '../../../src/listen.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'

/** A transport whose hooks do nothing. */
function openTransport(url: string): Pick<Transport, 'close'> & {
  send: (request: TransportRequest, allowedMs: number) => Promise<Answer>
} {
  const transport = createTransport({
    url,
    token: 't0k3n',
    userAgent: 'test/1',
    connectTimeoutMs: 1000,
    connections: 8,
  })
  onTestFinished(() => transport.close())
  const { connections } = transport
  return {
    async send(request, allowedMs) {
      if (connections.ready === 0) await connections.open()
      const connection = connections.take()
      if (connection === undefined) throw new Error('no connection')
      const release = (): void => connections.release(connection)
      const hooks = { mayStart: () => true, isUsable: () => true, sent: () => undefined, release }
      return transport.send(request, allowedMs, hooks, connection)
    },
    close: () => transport.close(),
  }
}

const post = { method: 'POST', path: '/contacts', body: '{"name":"José"}' } as const
const get = { method: 'GET', path: '/contacts/u' } as const
const soon = 5000

/** The code and the progress of a failed request. */
async function failureOf(sending: Promise<Answer>): Promise<object> {
  return sending.then(
    () => ({ code: 'none' }),
    ({ code, progress, status }: { code: CallbellErrorCode; progress: Progress; status?: number }) => ({
      code,
      progress,
      status,
    }),
  )
}

test('a request is sent as documented, and its response is complete', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('201 Created', '{"ok":"è"}', 'x-thing: 1\r\n'))
  })
  const answer = await openTransport(upstream.url).send(post, soon)
  expect(answer.status).toBe(201)
  expect(answer.text).toBe('{"ok":"è"}')
  expect(answer.headers['x-thing']).toBe('1')
  const [head = '', body] = upstream.requests[0]?.split('\r\n\r\n') ?? []
  const [requestLine, ...headers] = head.split('\r\n')
  expect(requestLine).toBe('POST /v1/contacts HTTP/1.1')
  expect(headers.toSorted()).toEqual([
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer t0k3n',
    'connection: keep-alive',
    'content-length: 16',
    'content-type: application/json',
    `host: ${new URL(upstream.url).host}`,
    'user-agent: test/1',
  ])
  expect(body).toBe('{"name":"José"}')
})

test('a connection is reused', async () => {
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer('200 OK')))
  const transport = openTransport(upstream.url)
  await transport.send(get, soon)
  // The pool releases a connection one iteration of the event loop after its response.
  await setImmediate()
  await transport.send(get, soon)
  expect(upstream.requests).toHaveLength(2)
  expect(upstream.connections()).toBe(1)
})

const final = httpAnswer('201 Created', 'HTTP/1.1 100 Continue\r\n\r\n')

test.each([
  ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
  ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['100 with headers', 'HTTP/1.1 100 Continue\r\nx: \r\nserver: a\r\n\r\n'],
  ['100 without a reason phrase', 'HTTP/1.1 100\r\n\r\n'],
  ['several', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
])('%s before a response is skipped, in chunks of any size', async (_what, interim) => {
  for (const size of [1000, 11, 3, 1]) {
    const upstream = await startRawUpstream(async (socket) => {
      socket.setNoDelay(true)
      for (let start = 0; start < interim.length + final.length; start += size) {
        socket.write((interim + final).slice(start, start + size))
        await setImmediate()
      }
    })
    const transport = openTransport(upstream.url)
    // The body is unchanged, and the connection is reused.
    for (const request of [post, get]) {
      expect(await transport.send(request, soon)).toMatchObject({
        status: 201,
        text: 'HTTP/1.1 100 Continue\r\n\r\n',
      })
      await setImmediate()
    }
    expect(upstream.requests).toHaveLength(2)
    expect(upstream.connections()).toBe(1)
  }
})

test('a 100 after a response closes the connection, and fails no request', async () => {
  const closed = Promise.withResolvers<void>()
  const upstream = await startRawUpstream((socket, number) => {
    socket.once('close', () => closed.resolve())
    socket.write(httpAnswer('200 OK', String(number)))
    if (number === 0) void setImmediate().then(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'))
  })
  const transport = openTransport(upstream.url)
  expect((await transport.send(get, soon)).text).toBe('0')
  await closed.promise
  expect((await transport.send(get, soon)).text).toBe('1')
  expect(upstream.requests).toHaveLength(2)
  expect(upstream.connections()).toBe(2)
})

test('a redirect is returned, and not followed', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('307 Temporary Redirect', '', 'location: /v1/elsewhere\r\n'))
  })
  expect(await openTransport(upstream.url).send(post, soon)).toMatchObject({ status: 307 })
  expect(upstream.requests).toHaveLength(1)
})

test('a response of a mebibyte is accepted, and a larger one is not', async () => {
  const mebibyte = 1024 * 1024
  const upstream = await startRawUpstream((socket, number) => {
    socket.write(httpAnswer('200 OK', 'a'.repeat(mebibyte + number)))
  })
  const transport = openTransport(upstream.url)
  expect((await transport.send(get, soon)).text).toHaveLength(mebibyte)
  expect(await failureOf(transport.send(get, soon))).toEqual({
    code: 'CALLBELL_INVALID_RESPONSE',
    progress: 'status',
    status: 200,
  })
})

const mebibyteOf = (letter: string, more = 0): string => letter.repeat(1024 * 1024 + more)

/** An upstream that answers every request with these bytes and this `content-encoding`. */
async function startEncodedUpstream(encoding: string, body: Buffer): Promise<string> {
  const { url } = await startRawUpstream((socket) => {
    socket.write(
      `HTTP/1.1 201 Created\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`,
    )
    socket.write(body)
  })
  return url
}

const asBytes = (text: string): Buffer => Buffer.from(text)

const encoders: [string, (text: string) => Buffer][] = [
  ['gzip', gzipSync],
  ['GZip ', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['identity', asBytes],
  ['Identity ', asBytes],
  ['', asBytes],
]

test.each(encoders)('a response with the content-encoding %j is decoded', async (encoding, encode) => {
  const texts = ['{"ok":"è"}', mebibyteOf('a'), '']
  for (const text of texts) {
    const transport = openTransport(await startEncodedUpstream(encoding, encode(text)))
    const answer = await transport.send(post, soon)
    expect(answer.status).toBe(201)
    expect(answer.text === text).toBe(true)
  }
})

test('an encoded response without a body is an empty string', async () => {
  const transport = openTransport(await startEncodedUpstream('gzip', Buffer.alloc(0)))
  expect(await transport.send(post, soon)).toMatchObject({ status: 201, text: '' })
})

test.each<[string, string, Buffer]>([
  ['invalid gzip', 'gzip', Buffer.from('{"ok":true}')],
  ['gzip that ends early', 'gzip', gzipSync('{"ok":true}').subarray(0, -9)],
  ['invalid deflate', 'deflate', Buffer.from('{"ok":true}')],
  ['invalid brotli', 'br', Buffer.from('{"ok":true}')],
  ['an unknown encoding', 'lzw', Buffer.from('{"ok":true}')],
  ['gzip in gzip', 'gzip, gzip', gzipSync(gzipSync('{"ok":true}'))],
  ['a byte over a mebibyte', 'gzip', gzipSync(mebibyteOf('a', 1))],
  ['a bomb of gzip', 'gzip', gzipSync(Buffer.alloc(2 ** 28))],
  ['a bomb of brotli', 'br', brotliCompressSync(Buffer.alloc(2 ** 26))],
  ['a bomb of deflate', 'deflate', deflateSync(Buffer.alloc(2 ** 26))],
])('%s is an invalid response', async (_what, encoding, body) => {
  const transport = openTransport(await startEncodedUpstream(encoding, body))
  expect(await failureOf(transport.send(post, soon))).toEqual({
    code: 'CALLBELL_INVALID_RESPONSE',
    progress: 'status',
    status: 201,
  })
})

test('bytes that are not valid UTF-8 become replacement characters', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n')
    socket.write(Buffer.from([0x4a, 0xe9, 0x21, 0x21]))
  })
  expect((await openTransport(upstream.url).send(get, soon)).text).toBe('J\ufffd!!')
})

const unsent = { progress: 'unsent', status: undefined }
const sent = { progress: 'sent', status: undefined }

test('with a refused connection, nothing is sent', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  expect(await failureOf(openTransport(`http://127.0.0.1:${port}`).send(post, soon))).toEqual({
    code: 'CALLBELL_UNAVAILABLE',
    ...unsent,
  })
})

test('with a host name that does not resolve, nothing is sent', async () => {
  expect(await failureOf(openTransport('http://callbell.invalid').send(post, soon))).toEqual({
    code: 'CALLBELL_UNAVAILABLE',
    ...unsent,
  })
})

test('with a server without TLS, nothing is sent', async () => {
  const plain = createServer((socket) => socket.end('nonsense'))
  const { port } = await listen(plain, 0, '127.0.0.1')
  onTestFinished(() => void plain.close())
  const transport = openTransport(`https://127.0.0.1:${port}`)
  expect(await failureOf(transport.send(post, soon))).toEqual({ code: 'CALLBELL_UNAVAILABLE', ...unsent })
})

test('after the deadline, nothing is sent', async () => {
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer('200 OK')))
  const transport = openTransport(upstream.url)
  expect(await failureOf(transport.send(post, 0))).toEqual({
    code: 'CALLBELL_TIMEOUT',
    ...unsent,
  })
  await transport.send(get, soon)
  expect(upstream.requests.map((request) => request.slice(0, 4))).toEqual(['GET '])
})

type Script = Parameters<typeof startRawUpstream>[0]

test.each<[string, Script, object]>([
  ['closes without an answer', (socket) => socket.end(), { code: 'CALLBELL_UNAVAILABLE', ...sent }],
  ['resets', (socket) => socket.resetAndDestroy(), { code: 'CALLBELL_UNAVAILABLE', ...sent }],
  [
    'closes in the middle of the head',
    (socket) => socket.end('HTTP/1.1 200 O'),
    { code: 'CALLBELL_UNAVAILABLE', ...sent },
  ],
  [
    'speaks another protocol',
    (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
    { code: 'CALLBELL_INVALID_RESPONSE', ...sent },
  ],
  [
    'answers 101',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    { code: 'CALLBELL_INVALID_RESPONSE', ...sent },
  ],
  [
    'answers 100 and closes',
    (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
    { code: 'CALLBELL_UNAVAILABLE', ...sent },
  ],
  [
    'sends headers without end',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`),
    { code: 'CALLBELL_INVALID_RESPONSE', ...sent },
  ],
  [
    'closes in the middle of a success',
    (socket) => socket.end(httpAnswer('201 Created', '{"contact":{"uuid":"u"}}').slice(0, -9)),
    { code: 'CALLBELL_INVALID_RESPONSE', progress: 'status', status: 201 },
  ],
  [
    'closes in the middle of a chunked success',
    (socket) => socket.end('HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"con'),
    { code: 'CALLBELL_INVALID_RESPONSE', progress: 'status', status: 201 },
  ],
  [
    'closes in the middle of a refusal',
    (socket) => socket.end(httpAnswer('422 Unprocessable Content', '{"error":"no"}').slice(0, -3)),
    { code: 'CALLBELL_UNAVAILABLE', progress: 'status', status: 422 },
  ],
])('an upstream that %s fails the request with its progress', async (_what, script, expected) => {
  const upstream = await startRawUpstream(script)
  expect(await failureOf(openTransport(upstream.url).send(post, soon))).toEqual(expected)
  expect(upstream.requests).toHaveLength(1)
})

test.each<[string, Script, object]>([
  ['sends nothing', () => undefined, sent],
  ['answers 100 and nothing else', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), sent],
  [
    'stalls in the middle of a success',
    (socket) => socket.write(httpAnswer('201 Created', '{"contact":{}}').slice(0, -3)),
    { progress: 'status', status: 201 },
  ],
])(
  'an upstream that %s until the deadline is a CALLBELL_TIMEOUT with its progress',
  async (_what, script, expected) => {
    const upstream = await startRawUpstream(script)
    const transport = openTransport(upstream.url)
    expect(await failureOf(transport.send(post, 100))).toEqual({
      code: 'CALLBELL_TIMEOUT',
      ...expected,
    })
    expect(upstream.requests).toHaveLength(1)
  },
)

test('a base URL without a path gets none', async () => {
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer('200 OK')))
  await openTransport(new URL(upstream.url).origin).send(get, soon)
  expect(upstream.requests[0]).toMatch(/^GET \/contacts\/u HTTP/)
})

test('a response in 100,000 chunks of one byte is complete', async () => {
  const text = JSON.stringify({ contact: { uuid: 'u', name: 'è'.repeat(50_000) } })
  const chunks = Array.from(Buffer.from(text), (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`)
  const upstream = await startRawUpstream((socket) => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    socket.end(Buffer.from(`${head}${chunks.join('')}0\r\n\r\n`, 'latin1'))
  })
  const answer = await openTransport(upstream.url).send(get, 30_000)
  expect(answer.text).toBe(text)
})
