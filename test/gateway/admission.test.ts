import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ApiKey } from '../../src/http/auth/api-key.ts'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import type { TestGateway, TestGatewayOptions } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const create =
  'createContact(input:{identifier:"+39 02 5",source:WHATSAPP,name:"Ada"}){contact{name} replayed}'
const mutation = `mutation{${create}}`
const query = '{contact(uuid:"1"){name}}'

const digest = (key: string): string => createHash('sha256').update(key).digest('hex')
const entries = [
  `web:${digest('key-of-web')}`,
  `shop:${digest('key-of-shop')}`,
  `reader:${digest('key-of-reader')}:read`,
  `writer:${digest('key-of-writer')}:write`,
]
function keys(): readonly ApiKey[] {
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: entries.join(), GATEWAY_API_KEYS_FILE: '' })
  return 'keys' in parsed ? parsed.keys : []
}
const closed = { authentication: { apiKeys: keys } } satisfies TestGatewayOptions

async function ask(gateway: TestGateway, document: string, key?: string) {
  const headers = key === undefined ? {} : { 'x-api-key': key }
  const response = await gateway.post(JSON.stringify({ query: document }), {
    'x-request-id': 'r1',
    ...headers,
  })
  return { status: response.status, headers: response.headers, ...(await response.json()) }
}

test.each([undefined, 'wrong', '', 'Bearer key-of-web', 'key-of-we', 'key-of-webx'])(
  'nothing runs without a valid key: %s',
  async (key) => {
    const gateway = await createTestGateway(closed)
    const { status, headers, errors } = await ask(gateway, mutation, key)
    expect([status, headers.get('www-authenticate'), errors]).toEqual([
      401,
      'Bearer',
      [
        {
          message: 'Missing or invalid credentials. Send an API key in `x-api-key`.',
          extensions: { code: 'UNAUTHENTICATED', outcome: 'NOT_APPLIED', retryable: false, requestId: 'r1' },
        },
      ],
    ])
    expect(gateway.sandbox.requests).toEqual([])
    expect(gateway.log.map(({ msg, code, address }) => [msg, code, address])).toEqual([
      ['a caller was not authenticated', 'UNAUTHENTICATED', '127.0.0.1'],
    ])
  },
)

test('a caller without a key is rejected before its body is read', async () => {
  const gateway = await createTestGateway(closed)
  const response = await gateway.post('x'.repeat(200_000))
  expect(response.status).toBe(401)
})

test('health checks and the playground need no key', async () => {
  const { url } = await createTestGateway(closed)
  const page = await fetch(url, { headers: { accept: 'text/html' } })
  const live = await fetch(new URL('/livez', url))
  expect([page.status, live.status]).toEqual([200, 200])
})

test('a caller’s credentials are not sent to Callbell', async () => {
  const gateway = await createTestGateway(closed)
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer key-of-web',
      'x-api-key': 'key-of-web',
      cookie: 'session=1',
      'x-anything': 'key-of-web',
    },
    body: JSON.stringify({ query: mutation }),
  })
  expect(await response.json()).toHaveProperty('data.createContact.contact.name', 'Ada')
  const [sent] = gateway.sandbox.requests
  expect(Object.keys(sent?.headers ?? {}).toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'authorization',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  expect(JSON.stringify(sent)).not.toContain('key-of-web')
})

test.each([
  ['key-of-reader', mutation, 'contacts:write'],
  ['key-of-writer', query, 'contacts:read'],
])('%s cannot run %s without the scope %s', async (key, document, scope) => {
  const gateway = await createTestGateway(closed)
  const { status, data, errors } = await ask(gateway, document, key)
  const outcome = document === mutation ? { outcome: 'NOT_APPLIED' } : {}
  expect([status, data, errors]).toEqual([
    403,
    undefined,
    [
      {
        message: `This operation needs the scope ${scope}; this API key does not have it.`,
        extensions: { code: 'FORBIDDEN', ...outcome, retryable: false, requestId: 'r1' },
      },
    ],
  ])
  expect(gateway.sandbox.requests).toEqual([])
  expect(gateway.log.map(({ caller, code }) => [caller, code])).toEqual([
    [`key:${key.slice('key-of-'.length)}`, 'FORBIDDEN'],
  ])
})

test.each([
  ['key-of-reader', query],
  ['key-of-writer', mutation.replace('{name}', '{id uuid __typename}')],
  ['key-of-reader', 'mutation{__typename}'],
])('%s may run %s', async (key, document) => {
  const gateway = await createTestGateway(closed)
  expect(await ask(gateway, document, key)).not.toHaveProperty('errors')
})

test('callers do not share idempotency keys', async () => {
  const gateway = await createTestGateway(closed)
  const keyed = mutation.replace('name:"Ada"', 'name:"Ada",idempotencyKey:"k"')
  const replayed = []
  for (const key of ['key-of-web', 'key-of-shop', 'key-of-web']) {
    const { data } = await ask(gateway, keyed, key)
    replayed.push(data.createContact.replayed)
  }
  expect(replayed).toEqual([false, false, true])
  expect(gateway.sandbox.requests).toHaveLength(2)
})

const ten = `mutation{${Array.from({ length: 10 }, (_, n) => `a${n}:${create}`).join(' ')}}`

test.each([
  ['a fragment', `mutation{...A} fragment A on Mutation{${ten.slice(9, -1)}}`],
  ['a fragment in place', `mutation{... on Mutation{${ten.slice(9, -1)}}}`],
])('ten aliases in %s cost ten calls', async (_name, document) => {
  const gateway = await createTestGateway({ callerRps: 4 })
  const { errors } = await ask(gateway, document)
  expect(errors[0].message).toMatch(/^This operation needs 10 calls/)
  expect(gateway.sandbox.requests).toEqual([])
})

test('ten aliases cost ten calls, and a rate-limited operation makes no call', async () => {
  // A bucket of twelve.
  const gateway = await createTestGateway({ ...closed, callerRps: 6 })
  expect(await ask(gateway, ten, 'key-of-web')).not.toHaveProperty('errors')
  const { status, headers, data, errors } = await ask(gateway, ten, 'key-of-web')
  const retryAfterMs = errors[0].extensions.retryAfterMs
  expect([status, data, errors]).toEqual([
    429,
    undefined,
    [
      {
        message:
          'Rate limit exceeded for this API key: this operation needs 10 calls to Callbell, and fewer are left of 12.',
        extensions: {
          code: 'RATE_LIMITED',
          outcome: 'NOT_APPLIED',
          retryable: true,
          retryAfterMs: expect.any(Number),
          requestId: 'r1',
        },
      },
    ],
  ])
  expect(headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1000)))
  // Eight are missing, at six a second. A few may have been added meanwhile.
  expect(retryAfterMs).toBeGreaterThan(0)
  expect(retryAfterMs).toBeLessThanOrEqual(1334)
  expect(gateway.sandbox.requests).toHaveLength(10)
  // Another caller has a bucket of its own.
  expect(await ask(gateway, ten, 'key-of-shop')).not.toHaveProperty('errors')
})

test('an operation above the burst is rejected without Retry-After', async () => {
  const gateway = await createTestGateway({ callerRps: 1 })
  const { status, headers, errors } = await ask(gateway, ten)
  expect([status, headers.get('retry-after'), errors]).toEqual([
    429,
    null,
    [
      {
        message: 'This operation needs 10 calls to Callbell; the limit for this caller is 2 per burst.',
        extensions: { code: 'RATE_LIMITED', outcome: 'NOT_APPLIED', retryable: false, requestId: 'r1' },
      },
    ],
  ])
  expect(gateway.sandbox.requests).toEqual([])
})

test('an operation without calls costs none', async () => {
  const gateway = await createTestGateway({ callerRps: 1 })
  const free = [
    '{__typename}',
    '{__schema{queryType{name}}}',
    'mutation{createContact(input:{identifier:"",source:WHATSAPP,name:""}){userErrors{code}}}',
  ]
  for (let round = 0; round < 5; round += 1) {
    for (const document of free) expect(await ask(gateway, document)).not.toHaveProperty('errors')
  }
  const keyed = mutation.replace('name:"Ada"', 'name:"Ada",idempotencyKey:"k"')
  for (let round = 0; round < 5; round += 1) expect(await ask(gateway, keyed)).not.toHaveProperty('errors')
  expect(gateway.sandbox.requests).toHaveLength(1)
})

test('retries and verifications cost calls, too', async () => {
  const gateway = await createTestGateway({ callerRps: 2 })
  gateway.sandbox.failNext(
    { on: 'POST', status: 429, headers: { 'retry-after': '0' } },
    { on: 'POST', status: 500, afterWork: true },
  )
  // The create, its retry and its lookup take three of the bucket's four calls. One was planned.
  expect(await ask(gateway, mutation)).not.toHaveProperty('errors')
  expect(gateway.sandbox.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
  const { errors } = await ask(
    gateway,
    `{a:contact(uuid:"1"){name} b:contact(uuid:"1"){name} c:contact(uuid:"1"){name}}`,
  )
  expect(errors[0].extensions.code).toBe('RATE_LIMITED')
})

test('without authentication, callers from one address share a bucket', async () => {
  const gateway = await createTestGateway({ callerRps: 5 })
  expect(await ask(gateway, ten)).not.toHaveProperty('errors')
  expect((await ask(gateway, ten)).status).toBe(429)
})

test('a hundred queued calls of one caller delay another caller only briefly', async () => {
  const gateway = await createTestGateway({ ...closed, maxRps: 40 })
  const seven = `{${Array.from({ length: 7 }, (_, n) => `a${n}:contact(uuid:"shop${n}"){name}`).join(' ')}}`
  const busyCaller = Array.from({ length: 15 }, () => ask(gateway, seven, 'key-of-shop'))
  await expect.poll(() => gateway.sandbox.requests.length, { interval: 5 }).toBeGreaterThan(10)
  const { data } = await ask(gateway, '{contact(uuid:"web"){name}}', 'key-of-web')
  expect(data).toEqual({ contact: null })
  const paths = gateway.sandbox.requests.map(({ path }) => path)
  // The busy caller has about ninety calls in the queue, and the limiter sends five at a time.
  expect(paths.slice(0, paths.indexOf('/v1/contacts/web')).length).toBeLessThan(40)
  const answers = await Promise.all(busyCaller)
  expect(answers.filter(({ errors }) => errors)).toEqual([])
})

const list = 'contacts(first:100){edges{node{uuid}}}'
const seeded = { maxRps: 0, sandbox: { seed: 120, maxRps: 100_000 } } satisfies TestGatewayOptions
/** The first field fails at once, and the lists need 5 calls each. */
const failing = `{bad:contacts(after:"x"){edges{node{uuid}}} a:${list} b:${list}}`

test('a response with a field that fails at once has the other fields', async () => {
  const answerLimits = { maxResponseBytes: 100_000, maxTotalBytes: 200_000 }
  const gateway = await createTestGateway({ ...seeded, answerLimits, callerRps: 0 })
  for (let run = 1; run <= 4; run += 1) {
    const { data, errors } = await ask(gateway, failing)
    expect([data.bad, data.a.edges.length, data.b.edges.length, errors.length]).toEqual([null, 100, 100, 1])
    expect(gateway.sandbox.requests).toHaveLength(run * 10)
  }
  // Callbell's responses to them, about 100 kB each, are released.
  expect((await ask(gateway, `{${list}}`)).data.contacts.edges).toHaveLength(100)
})

test('the calls of a response with a failed field count towards the caller’s rate limit', async () => {
  // A bucket of forty.
  const gateway = await createTestGateway({ ...seeded, ...closed, callerRps: 20 })
  const statuses: number[] = []
  // Each takes ten calls: even on a slow machine, less is refilled.
  for (let run = 0; run < 100 && !statuses.includes(429); run += 1)
    statuses.push((await ask(gateway, failing.replace('{', `query Q${run}{`), 'key-of-web')).status)
  expect(statuses).toContain(429)
})
