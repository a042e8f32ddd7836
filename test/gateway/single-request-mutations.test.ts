/** Mutations that are one request: the idempotent ones, and the start of a bot. */
import { describe, expect, test } from 'vitest'
import { funnels } from '../../src/sandbox/account.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const uuid = '414a6d692bd645ed803f2e7ce360d4c8'
const [funnel] = funnels

interface Change {
  readonly field: string
  readonly result: string
  readonly input: Record<string, string>
  readonly request: readonly [method: string, path: string, body: unknown]
  readonly expected: unknown
}

const changes: readonly Change[] = [
  {
    field: 'deleteContact',
    result: 'deletedUuid',
    input: {},
    request: ['DELETE', `/v1/contacts/${uuid}`, undefined],
    expected: uuid,
  },
  {
    field: 'closeConversation',
    result: 'contact { uuid closedAt }',
    input: {},
    request: ['POST', `/v1/contacts/${uuid}/conversation/close`, undefined],
    expected: { uuid, closedAt: expect.any(String) },
  },
  {
    field: 'openConversation',
    result: 'contact { uuid closedAt }',
    input: {},
    request: ['POST', `/v1/contacts/${uuid}/conversation/open`, undefined],
    expected: { uuid, closedAt: null },
  },
  {
    field: 'moveToFunnel',
    result: 'contact { uuid funnelId }',
    input: { funnelUuid: funnel.uuid },
    request: ['PUT', `/v1/contacts/${uuid}/conversation/update_funnel`, { funnel_id: funnel.uuid }],
    expected: { uuid, funnelId: funnel.uuid },
  },
  {
    field: 'setBotStatus',
    result: 'bot { name status version isLatestVersion }',
    input: { status: 'END' },
    request: ['POST', `/v1/contacts/${uuid}/bot`, { status: 'bot_end' }],
    expected: { name: 'Welcome bot', status: 'ended', version: 5, isLatestVersion: true },
  },
]

async function mutate(gateway: TestGateway, { field, result, input }: Change, override: object = {}) {
  const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input`
  const { data, errors } = await gateway.execute<Record<string, Record<string, unknown> | null>, unknown>(
    `mutation ($input: ${type}!) { ${field}(input: $input) { result: ${result} userErrors { field message code } } }`,
    { input: { uuid, ...input, ...override } },
  )
  return { payload: data?.[field], error: errors?.[0]?.extensions }
}

describe.each(changes)('$field', (change) => {
  const done = { result: change.expected, userErrors: [] }
  const [method, path] = change.request

  test('sends one request', async () => {
    const gateway = await createTestGateway()
    expect(await mutate(gateway, change)).toEqual({ payload: done, error: undefined })
    expect(gateway.sandbox.requests.map((sent) => [sent.method, sent.path, sent.body])).toEqual([
      change.request,
    ])
  })

  test.each([
    ['a 500', { status: 500 }],
    ['a 503', { status: 503 }],
    ['a broken connection before the work', { drop: true }],
    ['a broken connection after the work', { drop: true, afterWork: true }],
    ['a 404 of a proxy', { status: 404, body: '<html>' }],
    ['a 404 without a body', { status: 404, body: '' }],
    ['a success with `success: false`', { status: 200, body: { success: false } }],
    ['a success with an error', { status: 200, body: { error: 'try later' } }],
    ['a success that is HTML', { status: 200, body: '<html>maintenance</html>' }],
    ['a success without a body', { status: 200, body: '' }],
    ['a success of another contact', { status: 200, body: { contact: { uuid: 'b', name: 'B' } } }],
  ])('is retried after %s', async (_name, fault) => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(fault)
    expect(await mutate(gateway, change)).toEqual({ payload: done, error: undefined })
    expect(gateway.sandbox.requests.map((sent) => `${sent.method} ${sent.path}`)).toEqual([
      `${method} ${path}`,
      `${method} ${path}`,
    ])
  })

  test('returns a userError for an unknown contact', async () => {
    const gateway = await createTestGateway()
    const { payload } = await mutate(gateway, change, { uuid: 'nobody' })
    expect(payload).toEqual({
      result: null,
      userErrors: [
        {
          field: change.field === 'moveToFunnel' ? null : ['input', 'uuid'],
          message: `Callbell rejected ${change.field === 'moveToFunnel' ? 'the request' : '`uuid`'}: not found`,
          code: 'NOT_FOUND',
        },
      ],
    })
  })

  test.each([
    ['', 'BLANK'],
    ['..', 'INVALID'],
    ['a\nb', 'INVALID'],
    ['x'.repeat(256), 'TOO_LONG'],
  ])('returns a userError for the uuid %j, and sends nothing', async (wrong, code) => {
    const gateway = await createTestGateway()
    const { payload } = await mutate(gateway, change, { uuid: wrong })
    expect(payload).toMatchObject({ result: null, userErrors: [{ field: ['input', 'uuid'], code }] })
    expect(gateway.sandbox.requests).toEqual([])
  })

  test('is UNKNOWN after four failures', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(...Array.from({ length: 4 }, () => ({ status: 502 })))
    expect(await mutate(gateway, change)).toEqual({
      payload: null,
      error: {
        code: 'CALLBELL_UNAVAILABLE',
        outcome: 'UNKNOWN',
        retryable: true,
        attempts: 4,
        requestId: expect.any(String),
      },
    })
  })
})

const [deletion] = changes
if (deletion === undefined) throw new Error('there is no deletion')

test('a second deletion returns NOT_FOUND', async () => {
  const gateway = await createTestGateway()
  await mutate(gateway, deletion)
  expect(gateway.sandbox.contacts.all()).toEqual([])
  const { payload } = await mutate(gateway, deletion)
  expect(payload).toMatchObject({ result: null, userErrors: [{ code: 'NOT_FOUND' }] })
})

test.each<[string, Fault]>([
  ['the HTML of a proxy', { status: 404, body: '<html>not found</html>' }],
  ['empty', { status: 404, body: '' }],
  ['JSON without an error', { status: 404, body: { message: 'no route' } }],
])('a 404 that is %s is not taken for a deletion', async (_what, fault) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ drop: true }, fault, fault, fault)
  expect(await mutate(gateway, deletion)).toEqual({
    payload: null,
    error: expect.objectContaining({ code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', attempts: 4 }),
  })
  expect(gateway.sandbox.contacts.all()).toHaveLength(1)
})

describe('the start of a bot', () => {
  const start: Change = {
    field: 'setBotStatus',
    result: 'bot { name status version isLatestVersion }',
    input: { status: 'START' },
    request: ['POST', `/v1/contacts/${uuid}/bot`, { status: 'bot_start' }],
    expected: { name: 'Welcome bot', status: 'started', version: 5, isLatestVersion: true },
  }
  const done = { payload: { result: start.expected, userErrors: [] }, error: undefined }

  test.each<[string, Fault, string]>([
    ['a 500', { status: 500 }, 'CALLBELL_UNAVAILABLE'],
    ['a 503 with a Retry-After', { status: 503, headers: { 'retry-after': '0' } }, 'CALLBELL_UNAVAILABLE'],
    ['a 408', { status: 408, body: { error: 'timeout' } }, 'CALLBELL_UNAVAILABLE'],
    ['a broken connection before the work', { drop: true }, 'CALLBELL_UNAVAILABLE'],
    ['a broken connection after the work', { drop: true, afterWork: true }, 'CALLBELL_UNAVAILABLE'],
    ['a 404 of a proxy', { status: 404, body: '<html>' }, 'CALLBELL_INVALID_RESPONSE'],
    [
      'a success with `success: false`',
      { status: 200, body: { success: false } },
      'CALLBELL_INVALID_RESPONSE',
    ],
    ['a success that is HTML', { status: 200, body: '<html>' }, 'CALLBELL_INVALID_RESPONSE'],
  ])('is not sent again after %s', async (_what, fault, code) => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(fault)
    expect(await mutate(gateway, start)).toEqual({
      payload: null,
      error: expect.objectContaining({ code, outcome: 'UNKNOWN', retryable: false, attempts: 1 }),
    })
    expect(gateway.sandbox.requests).toHaveLength(1)
  })

  test('is sent again after a 429', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 429 }, { status: 429, headers: { 'retry-after': '0' } })
    expect(await mutate(gateway, start)).toEqual(done)
    expect(gateway.sandbox.requests.map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'bot_start' })),
    )
  })

  test('is NOT_APPLIED and retryable if no connection can be opened', async () => {
    const closed = await startSandbox({ token: 't' })
    await closed.close()
    const gateway = await createTestGateway({ url: closed.url })
    expect(await mutate(gateway, start)).toEqual({
      payload: null,
      error: {
        code: 'CALLBELL_UNAVAILABLE',
        outcome: 'NOT_APPLIED',
        retryable: true,
        attempts: 0,
        requestId: expect.any(String),
      },
    })
  })

  test('returns a userError if Callbell rejects it', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 422, body: { error: 'there is no bot' } })
    expect(await mutate(gateway, start)).toEqual({
      payload: {
        result: null,
        userErrors: [
          { field: null, message: 'Callbell rejected the request: there is no bot', code: 'REJECTED' },
        ],
      },
      error: undefined,
    })
    expect(gateway.sandbox.requests).toHaveLength(1)
  })
})
