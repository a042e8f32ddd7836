import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../src/client/documents.ts'
import { ContactDocument, CreateContactDocument } from '../src/client/documents.ts'
import { listen } from '../src/listen.ts'
import type { Fault } from '../src/sandbox/sandbox.ts'
import { httpAnswer, startRawUpstream } from './support/raw-upstream.ts'
import { createTestGateway, sentinelToken } from './support/test-gateway.ts'

const input: CreateContactInput = { identifier: '+39 02 2', source: 'WHATSAPP', name: 'Ada' }

const unauthorized = 'Callbell does not accept the token of this gateway'
const unpaid = 'Callbell asks for the account to be paid for'
const tooMany = 'Callbell is receiving too many requests from this account'
const unavailable = 'Callbell could not be reached or failed'
const timeout = 'Callbell did not answer in time'
const invalid = 'Callbell gave an answer that could not be understood'
const notApplied = 'nothing was changed'
const applied = 'the change was made'
const unknown = 'the change may or may not have been made'

interface Shown {
  readonly message: string
  readonly code: string
  readonly outcome?: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly attempts?: number
}

function shown(
  code: string,
  reason: string,
  outcome: 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN',
  retryable: boolean,
  rest: object = {},
): Shown {
  const consequence = { NOT_APPLIED: notApplied, APPLIED: applied, UNKNOWN: unknown }[outcome]
  return { code, message: `${reason}: ${consequence}`, outcome, retryable, attempts: 1, ...rest }
}

const down = shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false)
const downTwice = { ...down, attempts: 2 }
const odd = shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false)

/** The first error of an answer, as a caller sees it; `requestId` is checked and left out. */
function seen({ errors = [] }: { errors?: readonly { message: string; extensions?: object }[] }): object {
  const [error] = errors
  const { requestId, ...extensions } = { requestId: undefined, ...error?.extensions }
  expect(requestId).toEqual(expect.stringMatching(/^[\w-]{36}$/))
  return { message: error?.message, ...extensions }
}

function twice(fault: Fault): Fault[] {
  return [
    { on: 'POST', ...fault },
    { on: 'POST', ...fault },
  ]
}

test.each<[string, Fault[], Shown, string]>([
  [
    '401',
    [{ status: 401, body: { error: 'not authorized' } }],
    shown('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false),
    'POST',
  ],
  ['403', [{ status: 403 }], shown('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false), 'POST'],
  ['402', [{ status: 402 }], shown('CALLBELL_PAYMENT_REQUIRED', unpaid, 'NOT_APPLIED', false), 'POST'],
  [
    '429 four times',
    Array.from({ length: 4 }, () => ({ status: 429 })),
    shown('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true, { attempts: 4 }),
    'POST POST POST POST',
  ],
  [
    '429 with a Retry-After that is too long',
    [{ status: 429, headers: { 'retry-after': '2' } }],
    shown('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true, { retryAfterMs: 2000 }),
    'POST',
  ],
  [
    '503 with a Retry-After that is too long',
    [{ status: 503, headers: { 'retry-after': '60' } }],
    shown('CALLBELL_UNAVAILABLE', unavailable, 'NOT_APPLIED', true, { retryAfterMs: 60_000 }),
    'POST',
  ],
  ['500 twice', twice({ status: 500, body: { error: 'oops' } }), downTwice, 'POST GET POST GET'],
  ['502 twice', twice({ status: 502, body: '<html>' }), downTwice, 'POST GET POST GET'],
  ['503 twice', twice({ status: 503 }), downTwice, 'POST GET POST GET'],
  [
    '503 twice with a Retry-After that is garbage',
    twice({ status: 503, headers: { 'retry-after': 'later' } }),
    downTwice,
    'POST GET POST GET',
  ],
  ['504 twice', twice({ status: 504 }), downTwice, 'POST GET POST GET'],
  ['a cut twice', twice({ drop: true }), downTwice, 'POST GET POST GET'],
  [
    '500 and then 422',
    [...twice({ status: 500 }).slice(1), { on: 'POST', status: 422 }],
    downTwice,
    'POST GET POST',
  ],
  [
    '500 and then 401',
    [...twice({ status: 500 }).slice(1), { on: 'POST', status: 401 }],
    downTwice,
    'POST GET POST',
  ],
  [
    '500 and lookups that fail',
    [
      { on: 'POST', status: 500, afterWork: true },
      { on: 'GET', status: 500 },
    ],
    down,
    'POST GET',
  ],
  [
    '302',
    [{ status: 302, headers: { location: '/v1/contacts' } }],
    { ...down, ...unintelligible() },
    'POST GET',
  ],
  ['201 that is no JSON', [{ status: 201, body: 'created' }], odd, 'POST'],
  ['200 without a body', [{ status: 200, body: '' }], odd, 'POST'],
  ['204', [{ status: 204, body: '' }], odd, 'POST'],
  ['200 without a uuid', [{ status: 200, body: { contact: { name: 'Ada' } } }], odd, 'POST'],
  ['200 of more than 1 MiB', [{ status: 200, body: 'a'.repeat(1024 * 1024 + 1) }], odd, 'POST'],
])('a create that meets %s', async (_what, faults, expected, requests) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 2000 })
  sandbox.failNext(...faults)
  const result = await execute(CreateContactDocument, { input })
  expect(result.data).toEqual({ createContact: null })
  expect(seen(result)).toEqual(expected)
  expect(sandbox.requests.map(({ method }) => method).join(' ')).toBe(requests)
})

function unintelligible(): Partial<Shown> {
  return shown('CALLBELL_INVALID_RESPONSE', invalid, 'UNKNOWN', false)
}

test('a create that is not answered in time', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    if (number > 0) socket.write(httpAnswer('404 Not Found', '{"error":"not found"}'))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 800 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
  expect(upstream.requests.map((request) => request.slice(0, 4))).toEqual(['POST', 'GET '])
})

test('a create whose success is not answered to the end in time', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('201 Created', '{"contact":{}}').slice(0, -1))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 400 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'APPLIED', false))
  expect(upstream.requests).toHaveLength(1)
})

test('a bug is masked, and logged in full', async () => {
  const { execute, log } = await createTestGateway({
    contacts: {
      create: () => Promise.reject(new Error('detail')),
      find: () => Promise.reject(new Error('detail')),
    },
  })
  const masked = {
    message: 'Something went wrong inside the gateway',
    code: 'INTERNAL_SERVER_ERROR',
    retryable: false,
  }
  expect(seen(await execute(CreateContactDocument, { input }))).toEqual({ ...masked, outcome: 'UNKNOWN' })
  expect(seen(await execute(ContactDocument, { uuid: 'u' }))).toEqual(masked)
  const bugs = log.flatMap(({ level, err }) => (level === 'error' ? err : []))
  expect(bugs).toEqual([
    expect.objectContaining({ message: 'detail', stack: expect.stringContaining('error-table.test.ts') }),
    expect.objectContaining({ message: 'detail' }),
  ])
})

test('each of many fields that failed has its error', async () => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 30 } })
  sandbox.failNext({}, ...Array.from({ length: 20 }, () => ({ status: 401, body: '' })))
  const { errors } = await execute('{ contacts(first: 20) { nodes { bot { status } } } }')
  expect(errors?.map(({ path }) => path?.join('.'))).toHaveLength(20)
  expect(new Set(errors?.map(({ path }) => path?.join('.'))).size).toBe(20)
})

test('a create whose upstream refuses connections', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  const { execute } = await createTestGateway({ url: `http://127.0.0.1:${port}/v1` })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(
    shown('CALLBELL_UNAVAILABLE', unavailable, 'NOT_APPLIED', true, { attempts: 4 }),
  )
})

test.each<[number, unknown, object[]]>([
  [400, { error: { name: ['is odd'] } }, [{ field: ['input', 'name'], message: 'is odd' }]],
  [404, { error: 'not found' }, [{ field: null, message: 'not found' }]],
  [
    422,
    { error: { name: { [`${sentinelToken}\u0007`]: ['x'] } } },
    [{ field: ['input', 'name'], message: '[token] : x' }],
  ],
  [
    409,
    { error: { identifier: ['is taken'], base: ['no'] } },
    [
      { field: ['input', 'identifier'], message: 'is taken' },
      { field: null, message: 'base: no' },
    ],
  ],
  [
    422,
    { error: { custom_fields: { Age: ['is odd'] } } },
    [{ field: ['input', 'customFields', '0'], message: 'is odd' }],
  ],
  [422, '<html>', [{ field: null, message: 'Callbell refused the request (status 422) without saying why' }]],
  [413, '', [{ field: null, message: 'Callbell refused the request (status 413) without saying why' }]],
  [
    400,
    { error: `bad\u0000token ${sentinelToken} ${'é'.repeat(400)}` },
    [{ field: null, message: `bad token [token] ${'é'.repeat(281)}…` }],
  ],
])('a create that Callbell refuses with %i', async (status, body, userErrors) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status, body })
  const customFields = [{ name: 'Age', value: '42' }]
  const result = await execute(CreateContactDocument, { input: { ...input, customFields } })
  expect(result).toEqual({
    data: {
      createContact: {
        contact: null,
        replayed: false,
        userErrors: userErrors.map((error) => ({ ...error, code: 'REJECTED' })),
      },
    },
  })
  expect(sandbox.requests).toHaveLength(1)
})

test.each<[string, Fault, Shown, number]>([
  ['401', { status: 401 }, { code: 'CALLBELL_UNAUTHORIZED', message: unauthorized, retryable: false }, 1],
  ['429s', { status: 429 }, { code: 'CALLBELL_RATE_LIMITED', message: tooMany, retryable: true }, 4],
  [
    'a 429 with a Retry-After that is too long',
    { status: 429, headers: { 'retry-after': '60' } },
    { code: 'CALLBELL_RATE_LIMITED', message: tooMany, retryable: true, retryAfterMs: 60_000 },
    1,
  ],
  ['500s', { status: 500 }, { code: 'CALLBELL_UNAVAILABLE', message: unavailable, retryable: true }, 4],
  ['504s', { status: 504 }, { code: 'CALLBELL_UNAVAILABLE', message: unavailable, retryable: true }, 4],
  ['cuts', { drop: true }, { code: 'CALLBELL_UNAVAILABLE', message: unavailable, retryable: true }, 4],
  [
    'a 400',
    { status: 400, body: { error: { uuid: ['is odd'] } } },
    { code: 'CALLBELL_REJECTED', message: 'uuid: is odd', retryable: false },
    1,
  ],
  [
    'nonsense',
    { status: 200, body: 'nonsense' },
    { code: 'CALLBELL_INVALID_RESPONSE', message: invalid, retryable: false },
    1,
  ],
])('a read that meets %s tells no outcome', async (_what, fault, expected, requests) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault, fault, fault, fault)
  const result = await execute(ContactDocument, { uuid: 'u' })
  expect(result.data).toEqual({ contact: null })
  expect(seen(result)).toEqual(expected)
  expect(sandbox.requests).toHaveLength(requests)
})

test('an input that does not fit the schema changes nothing, and says so', async () => {
  const { execute, sandbox } = await createTestGateway()
  const document =
    'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }'
  const result = await execute(document, { input: { ...input, source: 'FAX' } })
  expect(seen(result)).toEqual({
    message:
      'Variable "$input" got invalid value "FAX" at "input.source"; Value "FAX" does not exist in "ContactSource" enum.',
    code: 'BAD_USER_INPUT',
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
  const unknownField = await execute('mutation { createContact(input: {}) { nothing } }')
  expect(seen(unknownField)).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED', outcome: 'NOT_APPLIED' })
  expect(sandbox.requests).toEqual([])
})

test.each([
  [
    'mutation ($name: String = "x") { createContact(input: { identifier: "1", source: WHATSAPP, name: $name }) { contact { id } } }',
    { name: null },
  ],
  [
    'mutation ($input: CreateContactInput!, $b: Boolean = true) { createContact(input: $input) @skip(if: $b) { contact { id } } }',
    { input, b: null },
  ],
])('an argument that only fails when it runs changes nothing: %s', async (document, variables) => {
  const { execute, sandbox, log } = await createTestGateway()
  expect(seen(await execute(document, variables))).toMatchObject({
    code: 'BAD_USER_INPUT',
    outcome: 'NOT_APPLIED',
  })
  expect(sandbox.requests).toEqual([])
  expect(log.map(({ level, msg, code }) => [level, msg, code])).toEqual([
    ['info', 'a request was refused', 'BAD_USER_INPUT'],
  ])
})

test('a document that is no GraphQL is told so', async () => {
  const { execute } = await createTestGateway()
  expect(seen(await execute('{ contact('))).toEqual({
    message: 'Syntax Error: Expected Name, found <EOF>.',
    code: 'GRAPHQL_PARSE_FAILED',
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
})

test('a failure is logged with the request’s id and no word of the contact', async () => {
  const { post, sandbox, log } = await createTestGateway()
  sandbox.failNext(...twice({ status: 500, body: { error: 'Ada' } }))
  const query = 'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }'
  await post(JSON.stringify({ query, variables: { input } }), { 'x-request-id': 'from-outside' })
  const warnings = log.filter(({ level }) => level === 'warn')
  expect(warnings).toEqual([
    {
      level: 'warn',
      time: expect.any(String),
      requestId: 'from-outside',
      caller: 'address:127.0.0.1',
      type: 'mutation',
      hash: expect.stringMatching(/^[\da-f]{16}$/),
      status: 200,
      code: 'CALLBELL_UNAVAILABLE',
      durationMs: expect.any(Number),
      fields: [
        {
          field: 'createContact',
          outcome: 'UNKNOWN',
          code: 'CALLBELL_UNAVAILABLE',
          requests: 4,
          retries: 1,
          results: ['500', '404', '500', '404'],
          queueMs: expect.any(Number),
          upstreamMs: expect.any(Number),
          look: 'nothing',
          failure: {
            retryable: false,
            progress: 'answered',
            status: 500,
            reason: 'Callbell answered 500',
          },
        },
      ],
      msg: 'a call failed',
    },
  ])
  expect(JSON.stringify(log)).not.toMatch(/Ada|39 02/)
})
