/** The access log: the whole line of a GraphQL request, by its result. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { TestGatewayOptions } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const create = `mutation CreateContact($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } userErrors { message } }
}`
const input = { identifier: '+39 02 1', source: 'WHATSAPP', name: 'Ada' }
const milliseconds = expect.any(Number)

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The fields that every line of an authenticated request has. */
function line(query: string, rest: object): object {
  return {
    level: 'info',
    time: expect.any(String),
    requestId: 'r1',
    caller: 'address:127.0.0.1',
    type: query.startsWith('mutation') ? 'mutation' : 'query',
    hash: hashOf(query),
    status: 200,
    durationMs: milliseconds,
    msg: 'a request was answered',
    ...rest,
  }
}

async function open(options: TestGatewayOptions = {}) {
  const gateway = await createTestGateway(options)
  const ask = (query: string, variables: object = {}): Promise<Response> =>
    gateway.post(JSON.stringify({ query, variables }), { 'x-request-id': 'r1' })
  return { ...gateway, ask }
}

test('a create is logged with every field', async () => {
  const { ask, log } = await open()
  await ask(create, { input })
  expect(log).toEqual([
    line(create, {
      operation: 'CreateContact',
      fields: [
        {
          field: 'createContact',
          outcome: 'APPLIED',
          code: 'OK',
          requests: 1,
          results: ['201'],
          queueMs: milliseconds,
          upstreamMs: milliseconds,
        },
      ],
    }),
  ])
})

test('the retry and the replay of a keyed create are logged', async () => {
  const { ask, log, sandbox, forgetLog } = await open()
  sandbox.failNext({ status: 429, body: { error: 'too many requests' } })
  const keyed = { input: { ...input, idempotencyKey: 'k1' } }
  await ask(create, keyed)
  const applied = { field: 'createContact', outcome: 'APPLIED', code: 'OK', queueMs: milliseconds }
  expect(log).toMatchObject([
    {
      fields: [
        {
          ...applied,
          requests: 2,
          retries: 1,
          results: ['429', '201'],
          upstreamMs: milliseconds,
          idempotency: 'new',
        },
      ],
    },
  ])
  forgetLog()
  await ask(create, keyed)
  expect(log).toMatchObject([
    { fields: [{ ...applied, requests: 0, results: [], upstreamMs: 0, idempotency: 'replayed' }] },
  ])
})

test('a create that a lookup verified is logged with the result of each request', async () => {
  const { ask, log, sandbox } = await open()
  sandbox.failNext({ drop: true, afterWork: true })
  await ask(create, { input })
  expect(log).toMatchObject([
    {
      level: 'info',
      msg: 'a request was answered',
      fields: [
        {
          outcome: 'APPLIED',
          code: 'OK',
          requests: 2,
          results: ['CALLBELL_UNAVAILABLE', '200'],
          verification: 'found',
        },
      ],
    },
  ])
})

test('an invalid input is logged as info, because the caller can fix it', async () => {
  const { ask, log } = await open()
  await ask(create, { input: { ...input, name: '' } })
  expect(log).toMatchObject([
    {
      level: 'info',
      msg: 'a request was answered',
      fields: [{ field: 'createContact', outcome: 'NOT_APPLIED', code: 'USER_ERROR', requests: 0 }],
    },
  ])
})

test('fields with the same result are one entry', async () => {
  const { ask, log } = await open({ sandbox: { seed: 30 } })
  const query = '{ contacts(first: 10) { nodes { bot { status } } } }'
  await ask(query)
  const { fields } = log[0] ?? {}
  expect(fields).toEqual([
    {
      field: 'contacts',
      code: 'OK',
      requests: 1,
      results: ['200'],
      queueMs: milliseconds,
      upstreamMs: milliseconds,
    },
    {
      field: 'Contact.bot',
      times: 10,
      code: 'OK',
      requests: 10,
      results: Array.from({ length: 10 }, () => expect.stringMatching(/^(?:200|404)$/)),
      queueMs: milliseconds,
      upstreamMs: milliseconds,
    },
  ])
})

test('a query that fails at Callbell is a warning for the operator', async () => {
  const { ask, log, sandbox } = await open()
  sandbox.failNext(...Array.from({ length: 4 }, () => ({ status: 401, body: { error: 'not authorized' } })))
  const query = '{ contact(uuid: "u") { uuid } }'
  await ask(query)
  expect(log).toEqual([
    line(query, {
      level: 'warn',
      msg: 'a call failed',
      code: 'CALLBELL_UNAUTHORIZED',
      fields: [
        {
          field: 'contact',
          code: 'CALLBELL_UNAUTHORIZED',
          requests: 1,
          results: ['401'],
          queueMs: milliseconds,
          upstreamMs: milliseconds,
          failure: { retryable: false, progress: 'answered', status: 401, reason: 'Callbell answered 401' },
        },
      ],
    }),
  ])
})

test('a query with a bad argument is logged as info, because the caller can fix it', async () => {
  const { ask, log } = await open()
  await ask('{ contact(uuid: " ") { uuid } }')
  expect(log).toMatchObject([{ level: 'info', msg: 'a call failed', code: 'BAD_USER_INPUT' }])
})

test('an invalid document is logged with its code', async () => {
  const { ask, log } = await open()
  const query = 'query Wrong { contact(uuid: "u") { nothing } }'
  await ask(query)
  expect(log).toEqual([
    line(query, {
      operation: 'Wrong',
      code: 'GRAPHQL_VALIDATION_FAILED',
      msg: 'a request was refused',
    }),
  ])
})

test('an invalid body is logged with the reason', async () => {
  const { post, log } = await createTestGateway()
  await post('{', { 'x-request-id': 'r1' })
  expect(log).toEqual([
    {
      level: 'info',
      time: expect.any(String),
      requestId: 'r1',
      caller: 'address:127.0.0.1',
      status: 400,
      code: 'BAD_REQUEST',
      reason: 'The request body is not valid JSON (position 1).',
      durationMs: milliseconds,
      msg: 'a request was refused',
    },
  ])
})

test('the name of an operation is cut at 64 characters', async () => {
  const { ask, log } = await open()
  await ask(`query ${'N'.repeat(500)} { __typename }`)
  expect(log).toMatchObject([{ operation: 'N'.repeat(64) }])
})

test('successes are sampled, errors are not', async () => {
  const none = await open({ logSample: 0 })
  await none.ask('{ __typename }')
  expect(none.log).toEqual([])
  await none.ask('{ nothing }')
  expect(none.log).toMatchObject([{ code: 'GRAPHQL_VALIDATION_FAILED' }])

  const some = await open({ logSample: 0.5 })
  for (let n = 0; n < 60; n += 1) await some.ask('{ __typename }')
  // The probability that all or none of the 60 are logged is below 10^-17.
  expect(some.log.length).toBeGreaterThan(0)
  expect(some.log.length).toBeLessThan(60)
  expect(some.log.every(({ sample }) => sample === 0.5)).toBe(true)
})
