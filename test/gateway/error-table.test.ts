import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/client/documents.ts'
import { ContactDocument, CreateContactDocument } from '../../src/client/documents.ts'
import { listen } from '../../src/listen.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestGateway, sentinelToken } from '../support/test-gateway.ts'

const input: CreateContactInput = { identifier: '+39 02 2', source: 'WHATSAPP', name: 'Ada' }

const unauthorized = 'Callbell rejected the gateway’s API token.'
const unpaid = 'Callbell requires payment for this account (HTTP 402).'
const tooMany = 'Callbell received too many requests from this account (HTTP 429).'
const unconnected = 'Could not connect to Callbell.'
const disconnected = 'The connection to Callbell was lost before its response was complete.'
const timeout = 'Callbell did not answer in time.'
const invalid = 'Callbell returned an invalid response.'
const notApplied = 'Nothing was changed.'
const applied = 'The change was made.'
const unknown = 'The change may or may not have been made.'
const failed = (status: number): string => `Callbell returned an error (HTTP ${status}).`

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
  return { code, message: `${reason} ${consequence}`, outcome, retryable, attempts: 1, ...rest }
}

const down = (reason: string): Shown => shown('CALLBELL_UNAVAILABLE', reason, 'UNKNOWN', false)
const odd = shown('CALLBELL_INVALID_RESPONSE', invalid, 'UNKNOWN', false)
/** The create, and the lookups that verify its outcome. */
const verified = 'POST GET GET'

/** The first error of an answer, as a caller sees it; `requestId` is checked and left out. */
function seen({ errors = [] }: { errors?: readonly { message: string; extensions?: object }[] }): object {
  const [error] = errors
  const { requestId, ...extensions } = { requestId: undefined, ...error?.extensions }
  expect(requestId).toEqual(expect.stringMatching(/^[\w-]{36}$/))
  return { message: error?.message, ...extensions }
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
  ...[408, 410, 418, 421, 425, 499, 500, 501, 502, 503, 504, 520, 522, 524].map(
    (status): [string, Fault[], Shown, string] => [
      String(status),
      [{ status }],
      down(failed(status)),
      verified,
    ],
  ),
  ['500 in Callbell’s form', [{ status: 500, body: { error: 'oops' } }], down(failed(500)), verified],
  ['502 of a proxy', [{ status: 502, body: '<html>' }], down(failed(502)), verified],
  ...['60', '0', 'later'].map((value): [string, Fault[], Shown, string] => [
    `503 with Retry-After: ${value}`,
    [{ status: 503, headers: { 'retry-after': value } }],
    down(failed(503)),
    verified,
  ]),
  ['a cut', [{ drop: true }], down(disconnected), verified],
  [
    '500 and lookups that fail',
    [
      { on: 'POST', status: 500, afterWork: true },
      { on: 'GET', status: 500 },
      { on: 'GET', status: 500 },
    ],
    down(failed(500)),
    verified,
  ],
  ...[400, 401, 402, 403, 404, 409, 413, 415, 422].flatMap((status): [string, Fault[], Shown, string][] => [
    [`${status} of a firewall`, [{ status, body: '<html>Blocked</html>' }], odd, verified],
    [`${status} without a body`, [{ status, body: '' }], odd, verified],
    [`${status} with an empty error`, [{ status, body: { error: '' } }], odd, verified],
  ]),
  ['302', [{ status: 302, headers: { location: '/v1/contacts' } }], odd, verified],
  ['201 that is not JSON', [{ status: 201, body: 'created' }], odd, verified],
  ['200 without a body', [{ status: 200, body: '' }], odd, verified],
  ['204', [{ status: 204, body: '' }], odd, verified],
  ['200 without a uuid', [{ status: 200, body: { contact: { name: 'Ada' } } }], odd, verified],
  ['200 of more than 1 MiB', [{ status: 200, body: 'a'.repeat(1024 * 1024 + 1) }], odd, verified],
  [
    '200 that denies it',
    [{ status: 200, body: { success: false, contact: { uuid: 'u', name: 'Ada' } } }],
    odd,
    verified,
  ],
  [
    '200 with an error',
    [{ status: 200, body: { error: 'try again', contact: { uuid: 'u', name: 'Ada' } } }],
    odd,
    verified,
  ],
  ['200 that is a page', [{ status: 200, body: '<html>Maintenance</html>' }], odd, verified],
  [
    '201 with another contact',
    [{ status: 201, body: { contact: { uuid: 'f'.repeat(32), name: 'Bob' } } }],
    odd,
    verified,
  ],
])('a create that meets %s', async (_what, faults, expected, requests) => {
  // Others end by the deadline; several attempts have all the time that a busy machine takes.
  const timeoutMs = requests.startsWith('POST POST') ? 30_000 : 2000
  const { execute, sandbox } = await createTestGateway({ timeoutMs })
  sandbox.failNext(...faults)
  const result = await execute(CreateContactDocument, { input })
  expect(result.data).toEqual({ createContact: null })
  expect(seen(result)).toEqual(expected)
  expect(sandbox.requests.map(({ method }) => method).join(' ')).toBe(requests)
})

test('a create that is not answered in time', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    if (number > 0) socket.write(httpAnswer('404 Not Found', '{"error":"not found"}'))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 800 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
  expect(upstream.requests.map((request) => request.slice(0, 4))).toEqual(['POST', 'GET ', 'GET '])
})

test('a create whose success is not answered to the end in time', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('201 Created', '{"contact":{}}').slice(0, -1))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 400 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
  expect(upstream.requests[0]).toMatch(/^POST/)
  expect(upstream.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
})

test('a bug is masked, and logged in full', async () => {
  const { execute, log } = await createTestGateway({
    contacts: {
      create: () => Promise.reject(new Error('detail')),
      find: () => Promise.reject(new Error('detail')),
    },
  })
  const masked = {
    message: 'Something went wrong inside the gateway.',
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
  sandbox.failNext({}, ...Array.from({ length: 20 }, () => ({ status: 401 })))
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
    shown('CALLBELL_UNAVAILABLE', unconnected, 'NOT_APPLIED', true, { attempts: 0 }),
  )
})

test.each<[number, unknown, object[]]>([
  [
    400,
    { error: { name: ['is odd'] } },
    [{ field: ['input', 'name'], message: 'Callbell rejected `name`: is odd' }],
  ],
  [404, { error: 'not found' }, [{ field: null, message: 'Callbell rejected the request: not found' }]],
  [
    422,
    { error: { name: { [`${sentinelToken}\u0007`]: ['x'] } } },
    [{ field: ['input', 'name'], message: 'Callbell rejected `name`: [token] : x' }],
  ],
  [
    409,
    { error: { identifier: ['is taken'], base: ['no'] } },
    [
      { field: ['input', 'identifier'], message: 'Callbell rejected `identifier`: is taken' },
      { field: null, message: 'Callbell rejected the request: base: no' },
    ],
  ],
  [
    422,
    { error: { custom_fields: { Age: ['is odd'] } } },
    [{ field: ['input', 'customFields', '0'], message: 'Callbell rejected `customFields.0`: is odd' }],
  ],
  [
    400,
    { error: `bad\u0000token ${sentinelToken} ${'é'.repeat(400)}` },
    [{ field: null, message: `Callbell rejected the request: bad token [token] ${'é'.repeat(281)}…` }],
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
        userErrors: userErrors.map((error) => ({
          ...error,
          code: status === 404 ? 'NOT_FOUND' : 'REJECTED',
        })),
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
  ['500s', { status: 500 }, { code: 'CALLBELL_UNAVAILABLE', message: failed(500), retryable: true }, 4],
  ['504s', { status: 504 }, { code: 'CALLBELL_UNAVAILABLE', message: failed(504), retryable: true }, 4],
  ['cuts', { drop: true }, { code: 'CALLBELL_UNAVAILABLE', message: disconnected, retryable: true }, 4],
  [
    'a 400',
    { status: 400, body: { error: { uuid: ['is odd'] } } },
    { code: 'CALLBELL_REJECTED', message: 'uuid: is odd.', retryable: false },
    1,
  ],
  [
    'nonsense',
    { status: 200, body: 'nonsense' },
    { code: 'CALLBELL_INVALID_RESPONSE', message: invalid, retryable: true },
    4,
  ],
  [
    'a contact without a uuid',
    { status: 200, body: { contact: {} } },
    { code: 'CALLBELL_INVALID_RESPONSE', message: invalid, retryable: false },
    1,
  ],
])('a read that meets %s has no outcome', async (_what, fault, expected, requests) => {
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

test('a document that is not GraphQL', async () => {
  const { execute } = await createTestGateway()
  expect(seen(await execute('{ contact('))).toEqual({
    message: 'Syntax Error: Expected Name, found <EOF>.',
    code: 'GRAPHQL_PARSE_FAILED',
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
})

test('a failure is logged with the request’s id and without data of the contact', async () => {
  const { post, sandbox, log } = await createTestGateway()
  sandbox.failNext({ status: 500, body: { error: 'Ada' } })
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
          results: ['500', '404', '404', '404'],
          queueMs: expect.any(Number),
          upstreamMs: expect.any(Number),
          verification: 'inconclusive',
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
