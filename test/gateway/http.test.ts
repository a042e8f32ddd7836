import { serverAudits } from 'graphql-http'
import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../support/raw-request.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const typename = JSON.stringify({ query: '{ __typename }' })

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => current.url, fetchFn: fetch })
  let current: TestGateway

  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    current = await createTestGateway()
    const result = await audit.fn()
    const level = audit.name.slice(0, audit.name.indexOf(' '))
    // MAY is optional. MUST and SHOULD are required.
    expect(level === 'MAY' ? 'ok' : result.status).toBe('ok')
  })

  test('there are 61 audits', () => {
    expect(audits).toHaveLength(61)
  })
})

async function get(
  gateway: TestGateway,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL(path, gateway.url), { headers, redirect: 'manual' })
}

test('the root redirects to GraphQL', async () => {
  const response = await get(await createTestGateway(), '/')
  expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql'])
})

test('a process that answers is live', async () => {
  const response = await get(await createTestGateway(), '/livez')
  expect([response.status, await response.json()]).toEqual([200, { live: true }])
})

test('a process that drains is live and not ready', async () => {
  let isDraining = false
  const gateway = await createTestGateway({ health: { isDraining: () => isDraining } })
  const ready = await get(gateway, '/readyz')
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, upstream: 'sandbox', reasons: [] }])
  isDraining = true
  const draining = await get(gateway, '/readyz')
  expect([draining.status, await draining.json()]).toEqual([
    503,
    { ready: false, upstream: 'sandbox', reasons: ['draining: the process is shutting down'] },
  ])
  expect((await get(gateway, '/livez')).status).toBe(200)
})

test.each(['/nowhere', '/graphql/', '/graphiql/nothing.js', '/livez/', '/favicon.ico'])(
  'the path %s is not found',
  async (path) => {
    expect((await get(await createTestGateway(), path)).status).toBe(404)
  },
)

test.each([
  ['localhost', 'http://localhost', 302],
  ['localhost', 'http://localhost/livez', 200],
  ['localhost:80', 'http://LocalHost/livez', 200],
  ['127.0.0.1:4000', 'HTTP://127.0.0.1:4000/readyz?exclude=store', 200],
  ['localhost', 'http://localhost/graphql?query={__typename}', 200],
  ['localhost', 'http://localhost?query={__typename}', 302],
  ['localhost', 'http://localhost/nowhere', 404],
])('with the Host header %s the target may be the URL %s', async (host, target, status) => {
  const { url } = await createTestGateway()
  const [answer] = await sendRaw(url, `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  expect(answer?.status).toBe(status)
})

test.each([true, false])(
  'the target of an operation may be an absolute URL (fast path: %s)',
  async (hasFastPath) => {
    const { url } = await createTestGateway({ hasFastPath })
    const head = `host: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${typename.length}`
    const [answer] = await sendRaw(
      url,
      `POST http://localhost/graphql HTTP/1.1\r\n${head}\r\n\r\n${typename}`,
    )
    expect([answer?.status, answer?.body]).toEqual([200, '{"data":{"__typename":"Query"}}'])
  },
)

test('a URL that ends like another endpoint’s runs the operation', async () => {
  const gateway = await createTestGateway()
  const response = await fetch(`${gateway.url}?x=/health`, {
    method: 'POST',
    body: typename,
    headers: { 'content-type': 'application/json' },
  })
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } })
})

test('no other origin may read responses', async () => {
  const { post } = await createTestGateway()
  const response = await post(typename, { origin: 'https://evil.example' })
  const names = [...response.headers.keys()].filter((name) => name.startsWith('access-control'))
  expect(names).toEqual([])
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/graphql',
  'application/jsonp',
])('a body of the type %s is refused', async (type) => {
  const { post, sandbox } = await createTestGateway()
  const response = await post('query=mutation{createContact}', { 'content-type': type, 'x-request-id': 'r1' })
  expect(response.status).toBe(415)
  expect(await response.json()).toEqual({
    errors: [
      {
        message: 'Send the request body with `content-type: application/json`.',
        extensions: { code: 'BAD_REQUEST', outcome: 'NOT_APPLIED', retryable: false, requestId: 'r1' },
      },
    ],
  })
  expect(sandbox.requests).toEqual([])
})

test.each(['Application/JSON', 'application/json ; charset=utf-8', 'application/graphql+json'])(
  'a body of the type %s is read as JSON',
  async (type) => {
    const { post } = await createTestGateway()
    const response = await post(typename, { 'content-type': type })
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } })
  },
)

test.each(['text/html', 'image/png', 'application/json;charset=iso-8859-1', 'text/plain'])(
  'a caller that accepts only %s is refused before anything runs',
  async (accept) => {
    const { post, sandbox } = await createTestGateway()
    const query = 'mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"J"}){contact{id}}}'
    const response = await post(JSON.stringify({ query }), { accept })
    expect(response.status).toBe(406)
    expect(await response.json()).toHaveProperty(
      'errors.0.message',
      'Accept `application/json` or `application/graphql-response+json`.',
    )
    expect(sandbox.requests).toEqual([])
  },
)

test.each(['variables', 'extensions'])('a GET with invalid JSON in %s is refused', async (parameter) => {
  const response = await get(await createTestGateway(), `/graphql?query={__typename}&${parameter}={bad`)
  expect(response.status).toBe(400)
  expect(await response.json()).toHaveProperty(
    'errors.0.message',
    `The parameter \`${parameter}\` is not valid JSON.`,
  )
})

test('a mutation cannot be sent by GET', async () => {
  const gateway = await createTestGateway()
  const mutation = 'mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"J"}){contact{id}}}'
  const response = await get(gateway, `/graphql?query=${encodeURIComponent(mutation)}`)
  expect(response.status).toBe(405)
  expect(gateway.sandbox.requests).toEqual([])
})

test('a query can be sent by GET', async () => {
  const response = await get(await createTestGateway(), '/graphql?query={__typename}')
  expect([response.status, await response.json()]).toEqual([200, { data: { __typename: 'Query' } }])
})

const unresolved = { code: 'OPERATION_RESOLUTION_FAILURE', retryable: false, requestId: 'r1' }
const ambiguous = (outcome: object) => ({
  errors: [
    {
      message: 'Could not determine what operation to execute.',
      extensions: { ...unresolved, ...outcome },
    },
  ],
})

test.each([true, false])(
  'an empty operationName means the same as none, by POST and by GET (fast path: %s)',
  async (hasFastPath) => {
    const { url, post } = await createTestGateway({ hasFastPath })
    const headers = { 'x-request-id': 'r1' }
    const send = async (parameters: Record<string, string>): Promise<unknown[]> => {
      const posted = await post(JSON.stringify(parameters), headers)
      const got = await fetch(`${url}?${new URLSearchParams(parameters)}`, { headers })
      return [posted.status, await posted.json(), got.status, await got.json()]
    }
    const answer = { data: { __typename: 'Query' } }
    for (const name of [{ operationName: '' }, {}]) {
      const one = 'query A { __typename }'
      expect(await send({ query: one, ...name })).toEqual([200, answer, 200, answer])
      const two = `${one} query B { __typename }`
      expect(await send({ query: two, ...name })).toEqual([
        400,
        ambiguous({ outcome: 'NOT_APPLIED' }),
        400,
        ambiguous({}),
      ])
    }
  },
)

const graphqlType = 'application/graphql-response+json'
const json = 'application/json'

// The draft recommends 422 for an invalid document, and 400 is required by the audits above.
test.each([
  ['has data', '{ __typename }', [200, 200]],
  ['does not parse', '{', [400, 200]],
  ['is not valid', '{ nothing }', [400, 200]],
  ['has variables that are missing', 'query ($a: ID!) { contact(uuid: $a) { name } }', [400, 400]],
  ['has data and errors', '{ __typename contact(uuid: "..") { name } }', [294, 200]],
  ['has errors beside null', '{ contact(uuid: "..") { name } }', [294, 200]],
])('an operation that %s has the expected status in both types', async (_name, query, statuses) => {
  const { post, log } = await createTestGateway()
  const answers = []
  for (const accept of [graphqlType, json]) answers.push(await post(JSON.stringify({ query }), { accept }))
  expect(answers.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual(
    [graphqlType, json].map((type, index) => [statuses[index], `${type}; charset=utf-8`]),
  )
  expect(log.map(({ status }) => status)).toEqual(statuses)
})

test('a partial success has the body that it has with the status 200', async () => {
  const { post } = await createTestGateway()
  const body = JSON.stringify({ query: '{ __typename contact(uuid: "..") { name } }' })
  const read = async (accept: string) => (await post(body, { accept, 'x-request-id': 'r1' })).text()
  expect(await read(graphqlType)).toBe(await read(json))
})

test.each([
  ['[]', 400, 'Batching is not supported.'],
  ['{"query":', 400, 'The request body is not valid JSON (position 9).'],
  ['', 400, 'The request body is not valid JSON (position 0).'],
  ['{"query":"{ __typename }",}', 400, 'The request body is not valid JSON (position 26).'],
  ['{"query":Zaphod}', 400, 'The request body is not valid JSON.'],
  ['null', 400, 'Expected params to be an object but given null.'],
  ['"text"', 400, 'Expected params to be an object but given string.'],
])('the body %s is refused with a message', async (body, status, message) => {
  const { post } = await createTestGateway()
  const response = await post(body, { accept: 'application/graphql-response+json' })
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({
    errors: [
      {
        message,
        extensions: {
          code: 'BAD_REQUEST',
          outcome: 'NOT_APPLIED',
          retryable: false,
          requestId: expect.any(String),
        },
      },
    ],
  })
})

test('a body with invalid UTF-8 is refused, and not stored with replacement characters', async () => {
  const gateway = await createTestGateway()
  const query =
    'mutation { createContact(input: { identifier: "1", source: WHATSAPP, name: "Jos\u00e9" }) { contact { id } } }'
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ query }), 'latin1'),
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toHaveProperty('errors.0.message', 'The request body is not valid UTF-8.')
  expect(gateway.sandbox.requests).toEqual([])
})

test('a caller’s request id is kept if it is safe, and replaced if not', async () => {
  const { post } = await createTestGateway()
  const kept = await post(typename, { 'x-request-id': 'Root=1-67891233:abc' })
  expect(kept.headers.get('x-request-id')).toBe('Root=1-67891233:abc')
  const replaced = await post(typename, { 'x-request-id': 'a b"c' })
  expect(replaced.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
})

test('the schema can be hidden', async () => {
  const { execute } = await createTestGateway({ introspection: false })
  const { errors, data } = await execute('{ __schema { queryType { name } } }')
  expect(data).toBeUndefined()
  expect(errors?.[0]?.extensions?.['code']).toBe('GRAPHQL_VALIDATION_FAILED')
  expect(await execute('{ __typename }')).toEqual({ data: { __typename: 'Query' } })
})

test('the playground can be switched off', async () => {
  const gateway = await createTestGateway({ graphiql: false })
  const response = await get(gateway, '/graphql', { accept: 'text/html,*/*' })
  expect(await response.json()).toHaveProperty('errors.0.message', 'Must provide query string.')
  expect((await get(gateway, '/graphiql/x.js')).status).toBe(404)
})

test('the playground’s files are compressed, and cached by browsers', async () => {
  const gateway = await createTestGateway()
  const page = await (await get(gateway, '/graphql', { accept: 'text/html' })).text()
  const paths = [...page.matchAll(/"(\/graphiql\/[^"]+)"/g)].map(([, path]) => path ?? '')
  expect(paths).toHaveLength(7)
  for (const path of paths) {
    const { status, headers, length } = await getRaw(new URL(path, gateway.url), 'gzip, br')
    expect([status, headers['content-encoding'], headers['cache-control'], headers.vary]).toEqual([
      200,
      'gzip',
      'public, max-age=31536000, immutable',
      'accept-encoding',
    ])
    const plain = await getRaw(new URL(path, gateway.url), 'gzip;q=0')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(length).toBeLessThan(plain.length)
  }
})

/** Without the automatic decompression of `fetch`. */
async function getRaw(url: URL, acceptEncoding: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined
    headers: Record<string, unknown>
    length: number
  }>()
  const request = httpRequest(url, { headers: { 'accept-encoding': acceptEncoding } }, (response) => {
    let length = 0
    response.on('data', (chunk: Buffer) => (length += chunk.length))
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, length }))
  })
  request.on('error', reject).end()
  return promise
}
