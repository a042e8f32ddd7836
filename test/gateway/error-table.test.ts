/** The errors of operations, as callers get them. */
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

interface ErrorFields {
  readonly message: string
  readonly code: string
  readonly outcome?: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly attempts?: number
}

function errorWith(
  code: string,
  reason: string,
  outcome: 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN',
  retryable: boolean,
  rest: object = {},
): ErrorFields {
  const consequence = { NOT_APPLIED: notApplied, APPLIED: applied, UNKNOWN: unknown }[outcome]
  return { code, message: `${reason} ${consequence}`, outcome, retryable, attempts: 1, ...rest }
}

const unavailable = (reason: string): ErrorFields =>
  errorWith('CALLBELL_UNAVAILABLE', reason, 'UNKNOWN', false)
const invalidResponse = errorWith('CALLBELL_INVALID_RESPONSE', invalid, 'UNKNOWN', false)
/** The create, and the lookups that verify its outcome. */
const verified = 'POST GET GET'

/** @returns the fields of the first error without `requestId`, which is checked */
function firstError({
  errors = [],
}: {
  errors?: readonly { message: string; extensions?: object }[]
}): object {
  const [error] = errors
  const { requestId, ...extensions } = { requestId: undefined, ...error?.extensions }
  expect(requestId).toEqual(expect.stringMatching(/^[\w-]{36}$/))
  return { message: error?.message, ...extensions }
}

test.each<[string, Fault[], ErrorFields, string]>([
  [
    '401',
    [{ status: 401, body: { error: 'not authorized' } }],
    errorWith('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false),
    'POST',
  ],
  ['403', [{ status: 403 }], errorWith('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false), 'POST'],
  ['402', [{ status: 402 }], errorWith('CALLBELL_PAYMENT_REQUIRED', unpaid, 'NOT_APPLIED', false), 'POST'],
  [
    '429 four times',
    Array.from({ length: 4 }, () => ({ status: 429 })),
    errorWith('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true, { attempts: 4 }),
    'POST POST POST POST',
  ],
  [
    '429 with too long a Retry-After',
    [{ status: 429, headers: { 'retry-after': '2' } }],
    errorWith('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true, { retryAfterMs: 2000 }),
    'POST',
  ],
  ...[408, 410, 418, 421, 425, 499, 500, 501, 502, 503, 504, 520, 522, 524].map(
    (status): [string, Fault[], ErrorFields, string] => [
      String(status),
      [{ status }],
      unavailable(failed(status)),
      verified,
    ],
  ),
  ['500 in Callbell’s form', [{ status: 500, body: { error: 'oops' } }], unavailable(failed(500)), verified],
  ['502 of a proxy', [{ status: 502, body: '<html>' }], unavailable(failed(502)), verified],
  ...['60', '0', 'later'].map((value): [string, Fault[], ErrorFields, string] => [
    `503 with Retry-After: ${value}`,
    [{ status: 503, headers: { 'retry-after': value } }],
    unavailable(failed(503)),
    verified,
  ]),
  ['a lost connection', [{ drop: true }], unavailable(disconnected), verified],
  [
    '500 and lookups that fail',
    [
      { on: 'POST', status: 500, afterWork: true },
      { on: 'GET', status: 500 },
      { on: 'GET', status: 500 },
    ],
    unavailable(failed(500)),
    verified,
  ],
  ...[400, 401, 402, 403, 404, 409, 413, 415, 422].flatMap(
    (status): [string, Fault[], ErrorFields, string][] => [
      [`${status} of a firewall`, [{ status, body: '<html>Blocked</html>' }], invalidResponse, verified],
      [`${status} without a body`, [{ status, body: '' }], invalidResponse, verified],
      [`${status} with an empty error`, [{ status, body: { error: '' } }], invalidResponse, verified],
    ],
  ),
  ['302', [{ status: 302, headers: { location: '/v1/contacts' } }], invalidResponse, verified],
  ['201 that is not JSON', [{ status: 201, body: 'created' }], invalidResponse, verified],
  ['200 without a body', [{ status: 200, body: '' }], invalidResponse, verified],
  ['204', [{ status: 204, body: '' }], invalidResponse, verified],
  ['200 without a uuid', [{ status: 200, body: { contact: { name: 'Ada' } } }], invalidResponse, verified],
  ['200 of more than 1 MiB', [{ status: 200, body: 'a'.repeat(1024 * 1024 + 1) }], invalidResponse, verified],
  [
    '200 with `success: false`',
    [{ status: 200, body: { success: false, contact: { uuid: 'u', name: 'Ada' } } }],
    invalidResponse,
    verified,
  ],
  [
    '200 with an error',
    [{ status: 200, body: { error: 'try again', contact: { uuid: 'u', name: 'Ada' } } }],
    invalidResponse,
    verified,
  ],
  ['200 with HTML', [{ status: 200, body: '<html>Maintenance</html>' }], invalidResponse, verified],
  [
    '201 with another contact',
    [{ status: 201, body: { contact: { uuid: 'f'.repeat(32), name: 'Bob' } } }],
    invalidResponse,
    verified,
  ],
])('after %s, a create reports its error and outcome', async (_what, faults, expected, requests) => {
  // Several attempts take long on a busy machine. The other cases end by the deadline.
  const timeoutMs = requests.startsWith('POST POST') ? 30_000 : 2000
  const { execute, sandbox } = await createTestGateway({ timeoutMs })
  sandbox.failNext(...faults)
  const result = await execute(CreateContactDocument, { input })
  expect(result.data).toEqual({ createContact: null })
  expect(firstError(result)).toEqual(expected)
  expect(sandbox.requests.map(({ method }) => method).join(' ')).toBe(requests)
})

test('a create without a response has a timeout and the outcome UNKNOWN', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    if (number > 0) socket.write(httpAnswer('404 Not Found', '{"error":"not found"}'))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 800 })
  const result = await execute(CreateContactDocument, { input })
  expect(firstError(result)).toEqual(errorWith('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
  expect(upstream.requests.map((request) => request.slice(0, 4))).toEqual(['POST', 'GET ', 'GET '])
})

test('a create with an incomplete response has a timeout and the outcome UNKNOWN', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('201 Created', '{"contact":{}}').slice(0, -1))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 400 })
  const result = await execute(CreateContactDocument, { input })
  expect(firstError(result)).toEqual(errorWith('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
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
  expect(firstError(await execute(CreateContactDocument, { input }))).toEqual({
    ...masked,
    outcome: 'UNKNOWN',
  })
  expect(firstError(await execute(ContactDocument, { uuid: 'u' }))).toEqual(masked)
  const bugs = log.flatMap(({ level, err }) => (level === 'error' ? err : []))
  expect(bugs).toEqual([
    expect.objectContaining({ message: 'detail', stack: expect.stringContaining('error-table.test.ts') }),
    expect.objectContaining({ message: 'detail' }),
  ])
})

test('each of 20 failed fields has its error', async () => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 30 } })
  sandbox.failNext({}, ...Array.from({ length: 20 }, () => ({ status: 401 })))
  const { errors } = await execute('{ contacts(first: 20) { nodes { bot { status } } } }')
  expect(errors?.map(({ path }) => path?.join('.'))).toHaveLength(20)
  expect(new Set(errors?.map(({ path }) => path?.join('.'))).size).toBe(20)
})

test('a create whose upstream refuses connections is NOT_APPLIED and retryable', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  const { execute } = await createTestGateway({ url: `http://127.0.0.1:${port}/v1` })
  const result = await execute(CreateContactDocument, { input })
  expect(firstError(result)).toEqual(
    errorWith('CALLBELL_UNAVAILABLE', unconnected, 'NOT_APPLIED', true, { attempts: 0 }),
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
    [
      {
        field: ['input', 'customFields', '0', 'value'],
        message: 'Callbell rejected `customFields.0.value`: is odd',
      },
    ],
  ],
  [
    400,
    { error: `bad\u0000token ${sentinelToken} ${'é'.repeat(400)}` },
    [{ field: null, message: `Callbell rejected the request: bad token [token] ${'é'.repeat(281)}…` }],
  ],
])('a create that Callbell refuses with %i has user errors', async (status, body, userErrors) => {
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

test.each<[string, Fault, ErrorFields, number]>([
  ['401', { status: 401 }, { code: 'CALLBELL_UNAUTHORIZED', message: unauthorized, retryable: false }, 1],
  ['429s', { status: 429 }, { code: 'CALLBELL_RATE_LIMITED', message: tooMany, retryable: true }, 4],
  [
    'a 429 with too long a Retry-After',
    { status: 429, headers: { 'retry-after': '60' } },
    { code: 'CALLBELL_RATE_LIMITED', message: tooMany, retryable: true, retryAfterMs: 60_000 },
    1,
  ],
  ['500s', { status: 500 }, { code: 'CALLBELL_UNAVAILABLE', message: failed(500), retryable: true }, 4],
  ['504s', { status: 504 }, { code: 'CALLBELL_UNAVAILABLE', message: failed(504), retryable: true }, 4],
  [
    'lost connections',
    { drop: true },
    { code: 'CALLBELL_UNAVAILABLE', message: disconnected, retryable: true },
    4,
  ],
  [
    'a 400',
    { status: 400, body: { error: { uuid: ['is odd'] } } },
    { code: 'CALLBELL_REJECTED', message: 'uuid: is odd.', retryable: false },
    1,
  ],
  [
    'responses that are not JSON',
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
])('after %s, a read reports its error without an outcome', async (_what, fault, expected, requests) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault, fault, fault, fault)
  const result = await execute(ContactDocument, { uuid: 'u' })
  expect(result.data).toEqual({ contact: null })
  expect(firstError(result)).toEqual(expected)
  expect(sandbox.requests).toHaveLength(requests)
})

test('an input that does not match the schema is refused and changes nothing', async () => {
  const { execute, sandbox } = await createTestGateway()
  const document =
    'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }'
  const result = await execute(document, { input: { ...input, source: 'FAX' } })
  expect(firstError(result)).toEqual({
    message:
      'Variable "$input" got invalid value "FAX" at "input.source"; Value "FAX" does not exist in "ContactSource" enum.',
    code: 'BAD_USER_INPUT',
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
  const unknownField = await execute('mutation { createContact(input: {}) { nothing } }')
  expect(firstError(unknownField)).toMatchObject({
    code: 'GRAPHQL_VALIDATION_FAILED',
    outcome: 'NOT_APPLIED',
  })
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
])('an argument that only execution can refuse changes nothing: %s', async (document, variables) => {
  const { execute, sandbox, log } = await createTestGateway()
  expect(firstError(await execute(document, variables))).toMatchObject({
    code: 'BAD_USER_INPUT',
    outcome: 'NOT_APPLIED',
  })
  expect(sandbox.requests).toEqual([])
  expect(log.map(({ level, msg, code }) => [level, msg, code])).toEqual([
    ['info', 'a request was refused', 'BAD_USER_INPUT'],
  ])
})

test('a subscription is not valid, because the schema has none', async () => {
  const gateway = await createTestGateway()
  const body = JSON.stringify({ query: 'subscription { __typename }' })
  for (const [accept, status] of [
    ['application/json', 200],
    ['application/graphql-response+json', 400],
  ] as const) {
    const response = await gateway.post(body, { accept })
    expect([response.status, await response.json()]).toEqual([
      status,
      {
        errors: [
          {
            message: 'The schema has no subscriptions.',
            locations: [{ line: 1, column: 1 }],
            extensions: {
              code: 'GRAPHQL_VALIDATION_FAILED',
              retryable: false,
              requestId: expect.any(String),
            },
          },
        ],
      },
    ])
  }
})

test('a document with a syntax error is refused', async () => {
  const { execute } = await createTestGateway()
  expect(firstError(await execute('{ contact('))).toEqual({
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
