import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AddConversationNoteInput } from '../../src/client/documents.ts'
import { AddConversationNoteDocument, CreateContactDocument } from '../../src/client/documents.ts'
import { firstContact } from '../../src/sandbox/account.ts'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import type { WireMessage } from '../../src/sandbox/wire.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { openTestStore, storeUrls } from '../support/stores.ts'
import type { TestGateway, TestGatewayOptions } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const { uuid } = firstContact
const input: AddConversationNoteInput = { uuid, text: 'Called twice,\nasks for an offer ☎' }

function add({ execute }: TestGateway, change: Partial<AddConversationNoteInput> = {}) {
  return execute(AddConversationNoteDocument, { input: { ...input, ...change } })
}

function added(replayed = false): object {
  return { data: { addConversationNote: { success: true, replayed, userErrors: [] } } }
}

function refused(...userErrors: object[]): object {
  return { data: { addConversationNote: { success: false, replayed: false, userErrors } } }
}

/** The error's extensions, without the request's id. */
function errorOf({ errors }: Awaited<ReturnType<typeof add>>): object {
  const { requestId: _, ...extensions } = { requestId: undefined, ...errors?.[0]?.extensions }
  return extensions
}

function notes({ contacts }: Sandbox): string[] {
  return (contacts.find(uuid)?.messages ?? []).map(({ text }) => text)
}

function methods({ requests }: Sandbox): string {
  return requests.map(({ method }) => method).join(' ')
}

/** Adds an older message, or a note, to the end of the conversation. */
function addMessage(
  { contacts }: Sandbox,
  text: string,
  ageMs: number,
  status: WireMessage['status'] = 'note',
): void {
  const record = contacts.find(uuid)
  if (!record) throw new Error('the sandbox has no first contact')
  const createdAt = new Date(Date.now() - ageMs).toISOString()
  const message = { text, createdAt, status, channel: 'whatsapp', from: '1', to: '1' } as const
  contacts.replace({ ...record, messages: [...record.messages, message] })
}

/** Moves the wall clock, but not the timers. */
function moveClock(milliseconds: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
}
afterEach(() => void vi.restoreAllMocks())

test('a note is added by exactly one POST, byte for byte', async () => {
  const gateway = await createTestGateway()
  expect(await add(gateway)).toEqual(added())
  expect(gateway.sandbox.requests).toMatchObject([
    { method: 'POST', path: `/v1/contacts/${uuid}/conversation/note`, body: { text: input.text } },
  ])
  expect(notes(gateway.sandbox)).toEqual([input.text])
})

test('without a key each call adds a note', async () => {
  const gateway = await createTestGateway()
  expect([await add(gateway), await add(gateway)]).toEqual([added(), added()])
  expect(notes(gateway.sandbox)).toHaveLength(2)
})

test('a note of 5,000 characters is sent', async () => {
  const gateway = await createTestGateway()
  expect(await add(gateway, { text: 'a'.repeat(5000) })).toEqual(added())
})

test('all problems of an input are reported at once, and nothing is sent', async () => {
  const gateway = await createTestGateway()
  const change = { uuid: '..', text: ' \n', idempotencyKey: 'k'.repeat(256) }
  expect(await add(gateway, change)).toEqual(
    refused(
      {
        field: ['input', 'idempotencyKey'],
        message: '`idempotencyKey` has 256 characters; the limit is 255.',
        code: 'TOO_LONG',
      },
      { field: ['input', 'uuid'], message: '`uuid` is not a valid id.', code: 'INVALID' },
      { field: ['input', 'text'], message: '`text` must not be blank.', code: 'BLANK' },
    ),
  )
  expect(gateway.sandbox.requests).toEqual([])
})

test.each<[Partial<AddConversationNoteInput>, string, string, string]>([
  [{ uuid: ' ' }, 'uuid', '`uuid` must not be blank.', 'BLANK'],
  [{ uuid: 'u'.repeat(256) }, 'uuid', '`uuid` has 256 characters; the limit is 255.', 'TOO_LONG'],
  [{ uuid: 'a\n' }, 'uuid', '`uuid` must not contain control characters or broken Unicode.', 'INVALID'],
  [{ text: 'a\u0000' }, 'text', '`text` must not contain the control character U+0000.', 'INVALID'],
  [{ text: '\ud800' }, 'text', '`text` is not well-formed Unicode.', 'INVALID'],
])('%j is refused', async (change, field, message, code) => {
  const gateway = await createTestGateway()
  expect(await add(gateway, change)).toEqual(refused({ field: ['input', field], message, code }))
  expect(gateway.sandbox.requests).toEqual([])
})

test.each<[string, string[] | null, string, string, Fault[], Partial<AddConversationNoteInput>]>([
  [
    'a contact that does not exist',
    ['input', 'uuid'],
    'Callbell rejected `uuid`: not found',
    'NOT_FOUND',
    [],
    { uuid: 'nobody' },
  ],
  [
    'a complaint about the text',
    ['input', 'text'],
    'Callbell rejected `text`: is too long',
    'REJECTED',
    [{ status: 422, body: { error: { text: ['is too long'] } } }],
    {},
  ],
  [
    'any other complaint',
    null,
    'Callbell rejected the request: no',
    'REJECTED',
    [{ status: 400, body: { error: 'no' } }],
    {},
  ],
])('%s is reported with its input field', async (_what, field, message, code, faults, change) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(...faults)
  expect(await add(gateway, change)).toEqual(refused({ field, message, code }))
  expect(methods(gateway.sandbox)).toBe('POST')
})

test.each<[string, Fault[], string]>([
  ['a 429 with Retry-After', [{ status: 429, headers: { 'retry-after': '0' } }], 'POST POST'],
  ['a 500 after the work', [{ status: 500, afterWork: true }], 'POST GET'],
  ['a 504 after the work', [{ status: 504, afterWork: true }], 'POST GET'],
  ['a cut after the work', [{ drop: true, afterWork: true }], 'POST GET'],
  ['no answer after the work', [{ delayMs: 3000 }], 'POST GET'],
  ['a redirect after the work', [{ status: 302, afterWork: true }], 'POST GET'],
  ['a success that is not JSON', [{ status: 201, body: 'done', afterWork: true }], 'POST GET'],
  [
    'a cut after the work, which the first lookup does not find',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 200, body: { messages: [] } },
    ],
    'POST GET GET',
  ],
])('after %s the note exists once', async (_what, faults, expected) => {
  const gateway = await createTestGateway({ timeoutMs: 2000 })
  const { sandbox } = gateway
  sandbox.failNext(...faults)
  expect(await add(gateway)).toEqual(added())
  expect(notes(sandbox)).toEqual([input.text])
  expect(methods(sandbox)).toBe(expected)
})

test.each<[string, Fault[], object, RegExp, number]>([
  [
    'a wrong token',
    [{ status: 401 }],
    { code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED' },
    /^POST$/,
    0,
  ],
  [
    'no answer, and no work',
    [{ delayMs: 3000, status: 200 }],
    { code: 'CALLBELL_TIMEOUT', outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    0,
  ],
  ['a 500 before the work', [{ status: 500 }], { outcome: 'UNKNOWN' }, /^POST( GET)+$/, 0],
  ['a 502 before the work', [{ status: 502 }], { outcome: 'UNKNOWN' }, /^POST( GET)+$/, 0],
  ['a cut before the work', [{ drop: true }], { outcome: 'UNKNOWN' }, /^POST( GET)+$/, 0],
  [
    'a 404 without a body',
    [{ status: 404, body: '' }],
    { code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    0,
  ],
  [
    'a cut after the work, and lookups that fail',
    [
      { drop: true, afterWork: true },
      ...Array.from({ length: 3 }, () => ({ on: 'GET', status: 500 }) as const),
    ],
    { outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    1,
  ],
  [
    'a 500 before the work, and a lookup that finds no contact',
    [{ status: 500 }, { on: 'GET', status: 404, body: { error: 'not found' } }],
    { outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    0,
  ],
])('after %s the error names the outcome', async (_what, faults, expected, sent, count) => {
  const gateway = await createTestGateway({ timeoutMs: 2000 })
  gateway.sandbox.failNext(...faults)
  const result = await add(gateway)
  expect(result.data).toEqual({ addConversationNote: null })
  expect(errorOf(result)).toMatchObject({ ...expected, retryable: false })
  expect(methods(gateway.sandbox)).toMatch(sent)
  expect(notes(gateway.sandbox)).toHaveLength(count)
})

test.each([
  ['is cut', '{"success":tr'],
  ['is HTML', '<html>Maintenance</html>'],
  ['says that it failed', '{"success":false}'],
  ['has an error', '{"error":"conversation is locked"}'],
  ['is meant for another request', '{"contact":{"uuid":"u"}}'],
])('a success whose body %s is an UNKNOWN outcome', async (_what, body) => {
  const upstream = await startRawUpstream((socket, number) => {
    socket.write(httpAnswer('200 OK', number === 0 ? body : '{"messages":[]}'))
  })
  const gateway = await createTestGateway({ url: upstream.url, timeoutMs: 1000 })
  expect(errorOf(await add(gateway))).toMatchObject({
    code: 'CALLBELL_INVALID_RESPONSE',
    outcome: 'UNKNOWN',
    retryable: false,
    attempts: 1,
  })
  expect(upstream.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
})

test.each<[string, (sandbox: Sandbox) => void]>([
  [
    'the page does not reach back to before the attempt',
    (sandbox) => addMessage(sandbox, 'Hello', 0, 'received'),
  ],
  [
    'a new message, which is not a note, has the same text',
    (sandbox) => {
      addMessage(sandbox, input.text, 0, 'received')
      addMessage(sandbox, 'Hello', 90_000)
    },
  ],
  [
    'a new note has the same text with other white space',
    (sandbox) => {
      addMessage(sandbox, input.text.replace('\n', '\r\n'), 0)
      addMessage(sandbox, 'Hello', 90_000)
    },
  ],
  [
    'a note with the same text may be too recent to be an earlier one',
    (sandbox) => {
      addMessage(sandbox, input.text, 30_000)
      addMessage(sandbox, 'Hello', 90_000)
    },
  ],
])('the outcome stays UNKNOWN where %s', async (_where, prepare) => {
  const gateway = await createTestGateway({ resendAfterMs: 1, timeoutMs: 30_000 })
  prepare(gateway.sandbox)
  gateway.sandbox.failNext({ status: 500 })
  const keyed = { idempotencyKey: 'k' }
  expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
})

test.each<[string, (sandbox: Sandbox) => void, number]>([
  ['an older note has the same text', (sandbox) => addMessage(sandbox, input.text, 90_000), 2],
  [
    'the conversation reaches back to long before the attempt, and has other notes',
    (sandbox) => {
      addMessage(sandbox, 'Hello', 0, 'received')
      addMessage(sandbox, 'Called once', 90_000)
    },
    3,
  ],
  ['the conversation is empty', () => undefined, 1],
])('a keyed note is sent again after the quiet period where %s', async (_where, prepare, count) => {
  const gateway = await createTestGateway({ resendAfterMs: 1, timeoutMs: 30_000 })
  prepare(gateway.sandbox)
  gateway.sandbox.failNext({ status: 500 })
  const keyed = { idempotencyKey: 'k' }
  expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN' })
  expect(await add(gateway, keyed)).toEqual(added())
  expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+ POST$/)
  expect(notes(gateway.sandbox)).toHaveLength(count)
})

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])('the age of a note is measured on Callbell’s clock, an hour %s the gateway’s', async (_where, lead) => {
  const callbellTime = (): Date => new Date(Date.now() + lead)
  let createdAt = ''
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      createdAt = callbellTime().toISOString()
      socket.destroy()
      return
    }
    const body = JSON.stringify({ messages: [{ text: input.text, createdAt, status: 'note' }] })
    socket.write(httpAnswer('200 OK', body, `date: ${callbellTime().toUTCString()}\r\n`))
  })
  expect(await add(await createTestGateway({ url: upstream.url }))).toEqual(added())
  expect(upstream.requests).toHaveLength(2)
})

describe.each(storeUrls)('with a key and %s', (_name, createUrl) => {
  const keyed = { idempotencyKey: 'note 66' }

  async function open(options: TestGatewayOptions = {}): Promise<TestGateway> {
    return createTestGateway({ timeoutMs: 2000, store: await openTestStore(await createUrl()), ...options })
  }

  test('a repeat is a replay, without a call', async () => {
    const gateway = await open()
    expect(await add(gateway, keyed)).toEqual(added())
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(methods(gateway.sandbox)).toBe('POST')
  })

  test('concurrent calls with one key wait for the first', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ delayMs: 100 })
    const all = await Promise.all(Array.from({ length: 5 }, () => add(gateway, keyed)))
    expect(all.filter(({ data }) => data?.addConversationNote?.replayed)).toHaveLength(4)
    expect(all).toContainEqual(added())
    expect(all).toContainEqual(added(true))
    expect(notes(gateway.sandbox)).toHaveLength(1)
  })

  test('a key is refused with another text or contact, or for a create', async () => {
    const gateway = await open()
    await add(gateway, keyed)
    const reused = { code: 'IDEMPOTENCY_KEY_REUSED', outcome: 'NOT_APPLIED', retryable: false }
    expect(errorOf(await add(gateway, { ...keyed, text: 'Another' }))).toEqual(reused)
    expect(errorOf(await add(gateway, { ...keyed, uuid: 'another' }))).toEqual(reused)
    const { errors } = await gateway.execute(CreateContactDocument, {
      input: { identifier: '1', source: 'WHATSAPP', name: 'Ada', ...keyed },
    })
    expect(errors?.[0]?.extensions).toMatchObject(reused)
    expect(methods(gateway.sandbox)).toBe('POST')
  })

  test('the key of a create is refused for a note, during the create and after it', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ delayMs: 100 })
    const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada', ...keyed } as const
    const creating = gateway.execute(CreateContactDocument, { input: contact })
    await expect.poll(() => methods(gateway.sandbox)).toBe('POST')
    expect(errorOf(await add(gateway, keyed))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect((await creating).data?.createContact?.replayed).toBe(false)
    expect(errorOf(await add(gateway, keyed))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect(notes(gateway.sandbox)).toEqual([])
  })

  test('a rejected note frees its key', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 422, body: { error: 'no' } })
    expect(await add(gateway, keyed)).toMatchObject(refused({ message: 'Callbell rejected the request: no' }))
    expect(await add(gateway, { ...keyed, text: 'Another' })).toEqual(added())
  })

  test('a repeat after an UNKNOWN outcome finds the note', async () => {
    const gateway = await open()
    const failed = Array.from({ length: 2 }, () => ({ on: 'GET', status: 500 }) as const)
    gateway.sandbox.failNext({ status: 500, afterWork: true }, ...failed)
    expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
    expect(notes(gateway.sandbox)).toHaveLength(1)
  })

  test('a repeat after an UNKNOWN outcome sends nothing before the quiet period is over', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 500 })
    expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 5000 })
    moveClock(3_600_000)
    expect(errorOf(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
    expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
    expect(notes(gateway.sandbox)).toEqual([])
  })
})
