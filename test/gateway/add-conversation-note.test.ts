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

/** What is told of a failure, without the request's id. */
function told({ errors }: Awaited<ReturnType<typeof add>>): object {
  const { requestId: _, ...extensions } = { requestId: undefined, ...errors?.[0]?.extensions }
  return extensions
}

function notes({ contacts }: Sandbox): string[] {
  return (contacts.find(uuid)?.messages ?? []).map(({ text }) => text)
}

function methods({ requests }: Sandbox): string {
  return requests.map(({ method }) => method).join(' ')
}

/** Lets the conversation begin with a message, or a note, of so many milliseconds ago. */
function say(
  { contacts }: Sandbox,
  text: string,
  agoMs: number,
  status: WireMessage['status'] = 'note',
): void {
  const entry = contacts.find(uuid)
  if (!entry) throw new Error('the sandbox has no first contact')
  const createdAt = new Date(Date.now() - agoMs).toISOString()
  const message = { text, createdAt, status, channel: 'whatsapp', from: '1', to: '1' } as const
  contacts.replace({ ...entry, messages: [...entry.messages, message] })
}

/** Lets the clock jump, but not the timers. */
function passTime(milliseconds: number): void {
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

test('without a key each call adds one more', async () => {
  const gateway = await createTestGateway()
  expect([await add(gateway), await add(gateway)]).toEqual([added(), added()])
  expect(notes(gateway.sandbox)).toHaveLength(2)
})

test('a text of any length is Callbell’s to judge', async () => {
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
])('%s is reported by input field', async (_what, field, message, code, faults, change) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(...faults)
  expect(await add(gateway, change)).toEqual(refused({ field, message, code }))
  expect(methods(gateway.sandbox)).toBe('POST')
})

test.each<[string, Fault[], string]>([
  ['a 429 that tells when to come back', [{ status: 429, headers: { 'retry-after': '0' } }], 'POST POST'],
  ['a 500 after the work', [{ status: 500, afterWork: true }], 'POST GET'],
  ['a 504 after the work', [{ status: 504, afterWork: true }], 'POST GET'],
  ['a cut after the work', [{ drop: true, afterWork: true }], 'POST GET'],
  ['no answer after the work', [{ delayMs: 3000 }], 'POST GET'],
  ['a redirect after the work', [{ status: 302, afterWork: true }], 'POST GET'],
  ['a success in words of its own', [{ status: 201, body: 'done', afterWork: true }], 'POST GET'],
  [
    'a cut after the work, which a look does not see at once',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 200, body: { messages: [] } },
    ],
    'POST GET GET',
  ],
])('a note that meets %s is there once', async (_what, faults, expected) => {
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
    'a 404 without a word',
    [{ status: 404, body: '' }],
    { code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    0,
  ],
  [
    'a cut after the work, and looks that fail',
    [
      { drop: true, afterWork: true },
      ...Array.from({ length: 3 }, () => ({ on: 'GET', status: 500 }) as const),
    ],
    { outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    1,
  ],
  [
    'a 500 before the work, and a look that finds no contact',
    [{ status: 500 }, { on: 'GET', status: 404, body: { error: 'not found' } }],
    { outcome: 'UNKNOWN' },
    /^POST( GET)+$/,
    0,
  ],
])('of a note that meets %s, the outcome is told', async (_what, faults, expected, sent, made) => {
  const gateway = await createTestGateway({ timeoutMs: 2000 })
  gateway.sandbox.failNext(...faults)
  const result = await add(gateway)
  expect(result.data).toEqual({ addConversationNote: null })
  expect(told(result)).toMatchObject({ ...expected, retryable: false })
  expect(methods(gateway.sandbox)).toMatch(sent)
  expect(notes(gateway.sandbox)).toHaveLength(made)
})

test.each([
  ['is cut', '{"success":tr'],
  ['is a page', '<html>Maintenance</html>'],
  ['denies it', '{"success":false}'],
  ['has an error', '{"error":"conversation is locked"}'],
  ['is meant for another request', '{"contact":{"uuid":"u"}}'],
])('a success whose answer %s is not believed', async (_what, body) => {
  const upstream = await startRawUpstream((socket, number) => {
    socket.write(httpAnswer('200 OK', number === 0 ? body : '{"messages":[]}'))
  })
  const gateway = await createTestGateway({ url: upstream.url, timeoutMs: 1000 })
  expect(told(await add(gateway))).toMatchObject({
    code: 'CALLBELL_INVALID_RESPONSE',
    outcome: 'UNKNOWN',
    retryable: false,
    attempts: 1,
  })
  expect(upstream.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
})

test.each<[string, (sandbox: Sandbox) => void]>([
  ['the page does not go back to before it', (sandbox) => say(sandbox, 'Hello', 0, 'received')],
  [
    'a new message, which is no note, says the same',
    (sandbox) => {
      say(sandbox, input.text, 0, 'received')
      say(sandbox, 'Hello', 90_000)
    },
  ],
  [
    'a new note says the same with other white space',
    (sandbox) => {
      say(sandbox, input.text.replace('\n', '\r\n'), 0)
      say(sandbox, 'Hello', 90_000)
    },
  ],
  [
    'a note that says the same is too young to be surely another',
    (sandbox) => {
      say(sandbox, input.text, 30_000)
      say(sandbox, 'Hello', 90_000)
    },
  ],
])('nothing is concluded where %s', async (_where, prepare) => {
  const gateway = await createTestGateway({ resendAfterMs: 1, timeoutMs: 30_000 })
  prepare(gateway.sandbox)
  gateway.sandbox.failNext({ status: 500 })
  const keyed = { idempotencyKey: 'k' }
  expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
})

test.each<[string, (sandbox: Sandbox) => void, number]>([
  ['an older note says the same', (sandbox) => say(sandbox, input.text, 90_000), 2],
  [
    'the conversation goes back to long before it, and holds something else',
    (sandbox) => {
      say(sandbox, 'Hello', 0, 'received')
      say(sandbox, 'Called once', 90_000)
    },
    3,
  ],
  ['the conversation is empty', () => undefined, 1],
])('a note with a key is sent again after the quiet period where %s', async (_where, prepare, made) => {
  const gateway = await createTestGateway({ resendAfterMs: 1, timeoutMs: 30_000 })
  prepare(gateway.sandbox)
  gateway.sandbox.failNext({ status: 500 })
  const keyed = { idempotencyKey: 'k' }
  expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN' })
  expect(await add(gateway, keyed)).toEqual(added())
  expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+ POST$/)
  expect(notes(gateway.sandbox)).toHaveLength(made)
})

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])('a note is known for new by Callbell’s clock, an hour %s ours', async (_where, lead) => {
  const there = (): Date => new Date(Date.now() + lead)
  let createdAt = ''
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      createdAt = there().toISOString()
      socket.destroy()
      return
    }
    const body = JSON.stringify({ messages: [{ text: input.text, createdAt, status: 'note' }] })
    socket.write(httpAnswer('200 OK', body, `date: ${there().toUTCString()}\r\n`))
  })
  expect(await add(await createTestGateway({ url: upstream.url }))).toEqual(added())
  expect(upstream.requests).toHaveLength(2)
})

describe.each(storeUrls)('with a key and %s', (_name, createUrl) => {
  const keyed = { idempotencyKey: 'note 66' }

  async function open(options: TestGatewayOptions = {}): Promise<TestGateway> {
    return createTestGateway({ timeoutMs: 2000, store: await openTestStore(await createUrl()), ...options })
  }

  test('a repetition is told so, without a call', async () => {
    const gateway = await open()
    expect(await add(gateway, keyed)).toEqual(added())
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(methods(gateway.sandbox)).toBe('POST')
  })

  test('while the first is under way, the others wait for it', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ delayMs: 100 })
    const all = await Promise.all(Array.from({ length: 5 }, () => add(gateway, keyed)))
    expect(all.filter(({ data }) => data?.addConversationNote?.replayed)).toHaveLength(4)
    expect(all).toContainEqual(added())
    expect(all).toContainEqual(added(true))
    expect(notes(gateway.sandbox)).toHaveLength(1)
  })

  test('another text or contact, or a create, with the same key is refused', async () => {
    const gateway = await open()
    await add(gateway, keyed)
    const reused = { code: 'IDEMPOTENCY_KEY_REUSED', outcome: 'NOT_APPLIED', retryable: false }
    expect(told(await add(gateway, { ...keyed, text: 'Another' }))).toEqual(reused)
    expect(told(await add(gateway, { ...keyed, uuid: 'another' }))).toEqual(reused)
    const { errors } = await gateway.execute(CreateContactDocument, {
      input: { identifier: '1', source: 'WHATSAPP', name: 'Ada', ...keyed },
    })
    expect(errors?.[0]?.extensions).toMatchObject(reused)
    expect(methods(gateway.sandbox)).toBe('POST')
  })

  test('the key of a create is none for a note, not even at the same time', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ delayMs: 100 })
    const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada', ...keyed } as const
    const creating = gateway.execute(CreateContactDocument, { input: contact })
    await expect.poll(() => methods(gateway.sandbox)).toBe('POST')
    expect(told(await add(gateway, keyed))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect((await creating).data?.createContact?.replayed).toBe(false)
    expect(told(await add(gateway, keyed))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect(notes(gateway.sandbox)).toEqual([])
  })

  test('what was refused frees its key', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 422, body: { error: 'no' } })
    expect(await add(gateway, keyed)).toMatchObject(refused({ message: 'Callbell rejected the request: no' }))
    expect(await add(gateway, { ...keyed, text: 'Another' })).toEqual(added())
  })

  test('an unknown outcome is looked up again, and its note found', async () => {
    const gateway = await open()
    const failed = Array.from({ length: 2 }, () => ({ on: 'GET', status: 500 }) as const)
    gateway.sandbox.failNext({ status: 500, afterWork: true }, ...failed)
    expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(await add(gateway, keyed)).toEqual(added(true))
    expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
    expect(notes(gateway.sandbox)).toHaveLength(1)
  })

  test('an unknown outcome is not sent again before the quiet period is over', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 500 })
    expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 5000 })
    passTime(3_600_000)
    expect(told(await add(gateway, keyed))).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
    expect(methods(gateway.sandbox)).toMatch(/^POST( GET)+$/)
    expect(notes(gateway.sandbox)).toEqual([])
  })
})
