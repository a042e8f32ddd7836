/** Requests that a proxy and the gateway could read differently. */
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { create, upstreamRequests, summary } from '../../support/attacks.ts'

describe('ambiguous requests', () => {
  const body = JSON.stringify({ query: `mutation{${create}}` })
  const post = (headers: string, rest = body): string =>
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${rest}`

  test.each([
    ['a length and chunks', post(`content-length: ${body.length}\r\ntransfer-encoding: chunked`)],
    ['chunks and a length', post(`transfer-encoding: chunked\r\ncontent-length: ${body.length}`)],
    ['two lengths', post(`content-length: ${body.length}\r\ncontent-length: 3`)],
    ['two lengths in one header', post(`content-length: ${body.length}, ${body.length}`)],
    ['a length that is negative', post('content-length: -1')],
    ['a length that is not decimal', post('content-length: 0x10')],
    ['a length above any integer', post('content-length: 99999999999999999999')],
    ['an unknown transfer encoding', post('transfer-encoding: xchunked')],
    ['chunked twice', post('transfer-encoding: chunked, chunked')],
    ['chunked and something after it', post('transfer-encoding: chunked, identity')],
    ['a space before the colon', post(`content-length : ${body.length}`)],
    ['a header that is folded', post(`content-length:\r\n ${body.length}`)],
    [
      'lines that end without a carriage return',
      post(`content-length: ${body.length}`).replaceAll('\r\n', '\n'),
    ],
    ['a carriage return in a header', post(`x-a: b\rc\r\ncontent-length: ${body.length}`)],
    ['a null byte in a header', post(`x-a: b\0c\r\ncontent-length: ${body.length}`)],
    ['an invalid chunk size', post('transfer-encoding: chunked', 'zz\r\n')],
    ['no host', post(`content-length: ${body.length}`).replace('host: localhost\r\n', '')],
    ['a host that is empty', post(`content-length: ${body.length}`).replace('localhost', '')],
    [
      'a host with a user',
      post(`content-length: ${body.length}`).replace('localhost', 'evil.example@localhost'),
    ],
    ['a host with a path', post(`content-length: ${body.length}`).replace('localhost', 'localhost/x?')],
    ['two hosts', post(`host: evil.example\r\ncontent-length: ${body.length}`)],
    ['cleartext HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', post(`content-length: ${body.length}`).replace('1.1', '9.9')],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
  ])('%s is refused', async (_name, bytes) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('an invalid request after a valid one does not change its response', async () => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, `${post(`content-length: ${body.length}`)}GARBAGE\r\n\r\n`)
    expect(answers.map(({ status, body: text }) => [status, text])).toEqual([
      [200, '{"data":{"createContact":{"contact":{"name":"Ada"}}}}'],
    ])
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('headers of 17 kB are refused', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nx-a: ${'a'.repeat(17_000)}\r\n\r\n`,
    )
    expect([answer?.status, JSON.parse(answer?.body ?? '').errors[0].message]).toEqual([
      431,
      'The headers of the request are too large; the limit is 16384 bytes.',
    ])
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND'])(
    'the method %s is refused',
    async (method) => {
      const gateway = await createTestGateway()
      const [answer] = await sendRaw(
        gateway.url,
        `${method} /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      )
      expect([answer?.status, answer?.headers['allow']]).toEqual([405, 'GET, POST'])
    },
  )

  test.each([
    '/graphiql/../graphql',
    '/graphiql/..%2f..%2fpackage.json',
    '//graphql',
    '/graphql%00',
    '/GRAPHQL',
    '/graphql;x',
    '/graphql/',
    '/graphql#x',
    '/%67raphql',
    '/livez/',
    '/./livez',
    '/%6divez',
    '/%6civez',
    '/livez%3fexclude=store',
    '/livez\\..\\metrics',
    '/x\\..\\metrics',
    '/x/../metrics',
    '/x/%2e%2e/metrics',
    '/x/.%2E/readyz',
    '/metrics/.',
    '/metrics%20',
    '\\metrics',
    '/../../../etc/passwd',
  ])('the path %s is not normalized, and not found', async (path) => {
    const gateway = await createTestGateway()
    const target = path.startsWith('/') ? path : `/${path}`
    const [answer] = await sendRaw(
      gateway.url,
      `GET ${target}?query={__typename} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    )
    expect([answer?.status, answer?.body]).toEqual([404, 'Not found\n'])
  })

  test.each(['x/../', './', '%2e/', '/', '..\\graphiql\\'])(
    'a file of GraphiQL is not found with the prefix %s',
    async (prefix) => {
      const gateway = await createTestGateway()
      const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
      const script = /\/graphiql\/(start-\w+\.js)/.exec(await page.text())?.[1] ?? ''
      const head = 'HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
      const [found] = await sendRaw(gateway.url, `GET /graphiql/${script} ${head}`)
      const [notFound] = await sendRaw(gateway.url, `GET /graphiql/${prefix}${script} ${head}`)
      expect([found?.status, notFound?.status]).toEqual([200, 404])
    },
  )

  test.each([
    ['another host', 'http://evil.example/graphql'],
    ['another port', 'http://localhost:1/graphql'],
    ['a user', 'http://evil.example@localhost/graphql'],
    ['a user without a name', 'http://@localhost/graphql'],
    ['no host', 'http:///graphql'],
    ['a backslash in the host', 'http://localhost\\@evil.example/graphql'],
    ['a fragment', 'http://localhost/graphql#x'],
    ['another scheme', 'https://localhost/graphql'],
    ['a scheme that is not HTTP', 'ftp://localhost/graphql'],
    ['no path', 'localhost'],
    ['an asterisk', '*'],
  ])('a target with %s is refused', async (_name, target) => {
    const gateway = await createTestGateway()
    const bytes = post(`content-length: ${body.length}`).replace('/graphql', target)
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test.each([
    ['an absolute URL as target, without a host', 'GET http://localhost/livez HTTP/1.0\r\n\r\n'],
    ['GraphQL by HTTP/1.0 without a host', 'GET /graphql?query={__typename} HTTP/1.0\r\n\r\n'],
    ['the metrics by HTTP/1.0 without a host', 'GET /metrics HTTP/1.0\r\n\r\n'],
    ['a health check by HTTP/1.0 at another path', 'GET /x/../livez HTTP/1.0\r\n\r\n'],
    ['a health check by HTTP/1.0 with two hosts', 'GET /livez HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n'],
    ['a health check by HTTP/1.0 with an empty host', 'GET /livez HTTP/1.0\r\nhost:\r\n\r\n'],
    ['a health check by HTTP/1.1 without a host', 'GET /livez HTTP/1.1\r\n\r\n'],
  ])('%s is refused', async (_name, bytes) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(summary)).toEqual([
      {
        status: 400,
        connection: 'close',
        errors: ['BAD_REQUEST: The request must have exactly one Host header with a valid host.'],
      },
    ])
  })

  test('an upgrade to another protocol is ignored', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      'GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nconnection: close\r\n\r\n',
    )
    expect(answer?.status).toBe(200)
  })
})
