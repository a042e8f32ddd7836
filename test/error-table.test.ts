import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { listen } from '../src/listen.ts'
import type { Fault } from '../src/sandbox/sandbox.ts'
import { ContactDocument, CreateContactDocument } from './gql/graphql.ts'
import type { CreateContactInput } from './gql/graphql.ts'
import { httpAnswer, startRawUpstream } from './support/raw-upstream.ts'
import { createTestGateway, sentinelToken } from './support/test-gateway.ts'

const input: CreateContactInput = { identifier: '123456789', source: 'WHATSAPP', name: 'John Doe' }

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
}

function shown(
  code: string,
  reason: string,
  outcome: 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN',
  retryable: boolean,
  rest: object = {},
): Shown {
  const consequence = { NOT_APPLIED: notApplied, APPLIED: applied, UNKNOWN: unknown }[outcome]
  return { code, message: `${reason}: ${consequence}`, outcome, retryable, ...rest }
}

/** The first error of an answer, as a caller sees it; `requestId` is checked and left out. */
function seen({ errors = [] }: { errors?: readonly { message: string; extensions?: object }[] }): object {
  const [error] = errors
  const { requestId, ...extensions } = { requestId: undefined, ...error?.extensions }
  expect(requestId).toEqual(expect.stringMatching(/^[\w-]{36}$/))
  return { message: error?.message, ...extensions }
}

test.each<[string, Fault, Shown]>([
  [
    '401',
    { status: 401, body: { error: 'not authorized' } },
    shown('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false),
  ],
  ['403', { status: 403 }, shown('CALLBELL_UNAUTHORIZED', unauthorized, 'NOT_APPLIED', false)],
  ['402', { status: 402 }, shown('CALLBELL_PAYMENT_REQUIRED', unpaid, 'NOT_APPLIED', false)],
  ['429', { status: 429 }, shown('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true)],
  [
    '429 with Retry-After',
    { status: 429, headers: { 'retry-after': '2' } },
    shown('CALLBELL_RATE_LIMITED', tooMany, 'NOT_APPLIED', true, { retryAfterMs: 2000 }),
  ],
  [
    '500',
    { status: 500, body: { error: 'oops' } },
    shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false),
  ],
  ['502', { status: 502, body: '<html>' }, shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false)],
  ['503', { status: 503 }, shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false)],
  [
    '503 with Retry-After',
    { status: 503, headers: { 'retry-after': '1' } },
    shown('CALLBELL_UNAVAILABLE', unavailable, 'NOT_APPLIED', true, { retryAfterMs: 1000 }),
  ],
  [
    '503 with a Retry-After that is garbage',
    { status: 503, headers: { 'retry-after': 'later' } },
    shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false),
  ],
  ['504', { status: 504 }, shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false)],
  [
    '302',
    { status: 302, headers: { location: '/v1/contacts' } },
    shown('CALLBELL_INVALID_RESPONSE', invalid, 'UNKNOWN', false),
  ],
  [
    '201 that is no JSON',
    { status: 201, body: 'created' },
    shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false),
  ],
  [
    '200 without a body',
    { status: 200, body: '' },
    shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false),
  ],
  ['204', { status: 204, body: '' }, shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false)],
  [
    '200 without a uuid',
    { status: 200, body: { contact: { name: 'John' } } },
    shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false),
  ],
  [
    '200 of more than 1 MiB',
    { status: 200, body: 'a'.repeat(1024 * 1024 + 1) },
    shown('CALLBELL_INVALID_RESPONSE', invalid, 'APPLIED', false),
  ],
  ['a cut before the work', { drop: true }, shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false)],
  [
    'a cut after the work',
    { drop: true, afterWork: true },
    shown('CALLBELL_UNAVAILABLE', unavailable, 'UNKNOWN', false),
  ],
])('a create that meets %s', async (_what, fault, expected) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault)
  const result = await execute(CreateContactDocument, { input })
  expect(result.data).toEqual({ createContact: null })
  expect(seen(result)).toEqual(expected)
  expect(sandbox.requests).toHaveLength(1)
  expect(sandbox.contacts.all()).toHaveLength(fault.afterWork ? 2 : 1)
})

test('a create that is not answered in time', async () => {
  const upstream = await startRawUpstream(() => undefined)
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 200 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'UNKNOWN', false))
  expect(upstream.requests).toHaveLength(1)
})

test('a create whose success is not answered to the end in time', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(httpAnswer('201 Created', '{"contact":{}}').slice(0, -1))
  })
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 200 })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_TIMEOUT', timeout, 'APPLIED', false))
})

test('a create whose upstream refuses connections', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  const { execute } = await createTestGateway({ url: `http://127.0.0.1:${port}/v1` })
  const result = await execute(CreateContactDocument, { input })
  expect(seen(result)).toEqual(shown('CALLBELL_UNAVAILABLE', unavailable, 'NOT_APPLIED', true))
})

test.each<[number, unknown, object[]]>([
  [400, { error: { name: ['is odd'] } }, [{ field: ['input', 'name'], message: 'is odd' }]],
  [404, { error: 'not found' }, [{ field: null, message: 'not found' }]],
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
        userErrors: userErrors.map((error) => ({ ...error, code: 'REJECTED' })),
      },
    },
  })
  expect(sandbox.requests).toHaveLength(1)
})

test.each<[string, Fault, Shown]>([
  ['401', { status: 401 }, { code: 'CALLBELL_UNAUTHORIZED', message: unauthorized, retryable: false }],
  ['429', { status: 429 }, { code: 'CALLBELL_RATE_LIMITED', message: tooMany, retryable: true }],
  ['500', { status: 500 }, { code: 'CALLBELL_UNAVAILABLE', message: unavailable, retryable: true }],
  ['a cut', { drop: true }, { code: 'CALLBELL_UNAVAILABLE', message: unavailable, retryable: true }],
  [
    'a 400',
    { status: 400, body: { error: { uuid: ['is odd'] } } },
    { code: 'CALLBELL_REJECTED', message: 'is odd', retryable: false },
  ],
  [
    'nonsense',
    { status: 200, body: 'nonsense' },
    { code: 'CALLBELL_INVALID_RESPONSE', message: invalid, retryable: false },
  ],
])('a read that meets %s tells no outcome', async (_what, fault, expected) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault)
  const result = await execute(ContactDocument, { uuid: 'u' })
  expect(result.data).toEqual({ contact: null })
  expect(seen(result)).toEqual(expected)
  expect(sandbox.requests).toHaveLength(1)
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

test('a document that is no GraphQL is told so', async () => {
  const { execute } = await createTestGateway()
  expect(seen(await execute('{ contact('))).toEqual({
    message: 'Syntax Error: Expected Name, found <EOF>.',
    code: 'GRAPHQL_PARSE_FAILED',
    retryable: false,
  })
})

test('a failure is logged with the request’s id and no word of the contact', async () => {
  const { post, sandbox, log } = await createTestGateway()
  sandbox.failNext({ status: 500, body: { error: 'John Doe' } })
  const query = 'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }'
  await post(JSON.stringify({ query, variables: { input } }), { 'x-request-id': 'from-outside' })
  const warnings = log.filter(({ level }) => level === 40)
  expect(warnings).toEqual([
    expect.objectContaining({
      requestId: 'from-outside',
      code: 'CALLBELL_UNAVAILABLE',
      outcome: 'UNKNOWN',
      progress: 'answered',
      status: 500,
    }),
  ])
  expect(JSON.stringify(log)).not.toMatch(/John Doe|123456789/)
})
