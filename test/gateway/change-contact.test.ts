/** Changes of a contact that is there: idempotent ones, and the start of a bot. */
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

async function make(gateway: TestGateway, { field, result, input }: Change, changed: object = {}) {
  const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input`
  const { data, errors } = await gateway.execute<Record<string, Record<string, unknown> | null>, unknown>(
    `mutation ($input: ${type}!) { ${field}(input: $input) { result: ${result} userErrors { field message code } } }`,
    { input: { uuid, ...input, ...changed } },
  )
  return { payload: data?.[field], error: errors?.[0]?.extensions }
}

describe.each(changes)('$field', (change) => {
  const done = { result: change.expected, userErrors: [] }
  const [method, path] = change.request

  test('is one request', async () => {
    const gateway = await createTestGateway()
    expect(await make(gateway, change)).toEqual({ payload: done, error: undefined })
    expect(gateway.sandbox.requests.map((sent) => [sent.method, sent.path, sent.body])).toEqual([
      change.request,
    ])
  })

  test.each([
    ['a 500', { status: 500 }],
    ['a 503', { status: 503 }],
    ['a cut connection before the work', { drop: true }],
    ['a cut connection after the work', { drop: true, afterWork: true }],
    ['a 404 of a proxy', { status: 404, body: '<html>' }],
    ['a 404 of nobody', { status: 404, body: '' }],
    ['a success that is none', { status: 200, body: { success: false } }],
    ['a success with an error', { status: 200, body: { error: 'try later' } }],
    ['a success that is a page', { status: 200, body: '<html>maintenance</html>' }],
    ['a success that says nothing', { status: 200, body: '' }],
    ['a success of another contact', { status: 200, body: { contact: { uuid: 'b', name: 'B' } } }],
  ])('is made again after %s', async (_name, fault) => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(fault)
    expect(await make(gateway, change)).toEqual({ payload: done, error: undefined })
    expect(gateway.sandbox.requests.map((sent) => `${sent.method} ${sent.path}`)).toEqual([
      `${method} ${path}`,
      `${method} ${path}`,
    ])
  })

  test('is refused for a contact that is not there', async () => {
    const gateway = await createTestGateway()
    const { payload } = await make(gateway, change, { uuid: 'nobody' })
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
  ])('is refused for the uuid %j, unsent', async (wrong, code) => {
    const gateway = await createTestGateway()
    const { payload } = await make(gateway, change, { uuid: wrong })
    expect(payload).toMatchObject({ result: null, userErrors: [{ field: ['input', 'uuid'], code }] })
    expect(gateway.sandbox.requests).toEqual([])
  })

  test('tells what is not known after four failures', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(...Array.from({ length: 4 }, () => ({ status: 502 })))
    expect(await make(gateway, change)).toEqual({
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

test('a contact that is gone was deleted once', async () => {
  const gateway = await createTestGateway()
  await make(gateway, deletion)
  expect(gateway.sandbox.contacts.all()).toEqual([])
  const { payload } = await make(gateway, deletion)
  expect(payload).toMatchObject({ result: null, userErrors: [{ code: 'NOT_FOUND' }] })
})

test.each<[string, Fault]>([
  ['the page of a proxy', { status: 404, body: '<html>not found</html>' }],
  ['nothing', { status: 404, body: '' }],
  ['JSON without an error', { status: 404, body: { message: 'no route' } }],
])('a 404 that is %s does not say that a contact is deleted', async (_what, fault) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ drop: true }, fault, fault, fault)
  expect(await make(gateway, deletion)).toEqual({
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
    ['a cut connection before the work', { drop: true }, 'CALLBELL_UNAVAILABLE'],
    ['a cut connection after the work', { drop: true, afterWork: true }, 'CALLBELL_UNAVAILABLE'],
    ['a 404 of a proxy', { status: 404, body: '<html>' }, 'CALLBELL_INVALID_RESPONSE'],
    ['a success that is none', { status: 200, body: { success: false } }, 'CALLBELL_INVALID_RESPONSE'],
    ['a success that is a page', { status: 200, body: '<html>' }, 'CALLBELL_INVALID_RESPONSE'],
  ])('is not sent again after %s', async (_what, fault, code) => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(fault)
    expect(await make(gateway, start)).toEqual({
      payload: null,
      error: expect.objectContaining({ code, outcome: 'UNKNOWN', retryable: false, attempts: 1 }),
    })
    expect(gateway.sandbox.requests).toHaveLength(1)
  })

  test('is sent again after a 429', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 429 }, { status: 429, headers: { 'retry-after': '0' } })
    expect(await make(gateway, start)).toEqual(done)
    expect(gateway.sandbox.requests.map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'bot_start' })),
    )
  })

  test('is not made, and may be repeated, where no connection can be made', async () => {
    const closed = await startSandbox({ token: 't' })
    await closed.close()
    const gateway = await createTestGateway({ url: closed.url })
    expect(await make(gateway, start)).toEqual({
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

  test('that Callbell refuses is refused', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 422, body: { error: 'there is no bot' } })
    expect(await make(gateway, start)).toEqual({
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
