import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/client/documents.ts'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createTestContext } from '../support/test-context.ts'

const input: CreateContactInput = { identifier: '+39023000', source: 'WHATSAPP', name: 'Ada' }
const document =
  'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid name } replayed } }'

function methods({ requests }: Sandbox): string {
  return requests.map(({ method }) => method).join(' ')
}

test.each<[string, Fault[], string]>([
  ['a 429', [{ status: 429 }], 'POST POST'],
  ['a 429 that tells when to come back', [{ status: 429, headers: { 'retry-after': '0' } }], 'POST POST'],
  ['a 500 after the work', [{ status: 500, afterWork: true }], 'POST GET'],
  ['a 504 after the work', [{ status: 504, afterWork: true }], 'POST GET'],
  ['a cut after the work', [{ drop: true, afterWork: true }], 'POST GET'],
  ['no answer after the work', [{ delayMs: 3000 }], 'POST GET'],
  ['a redirect after the work', [{ status: 302, afterWork: true }], 'POST GET'],
  [
    'a cut after the work, which a lookup does not see at once',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 404, body: { error: 'not found' } },
    ],
    'POST GET GET',
  ],
  [
    'a cut after the work, and a lookup that fails once',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 500 },
    ],
    'POST GET GET',
  ],
])('a create that meets %s ends well, with one contact', async (_what, faults, expected) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 2000 })
  sandbox.failNext(...faults)
  const result = await execute(document, { input })
  const [, ...created] = sandbox.contacts.all()
  expect(created).toHaveLength(1)
  const contact = { uuid: created[0]?.uuid, name: 'Ada' }
  expect(result).toEqual({ data: { createContact: { contact, replayed: false } } })
  expect(methods(sandbox)).toBe(expected)
})

test.each<[string, Partial<CreateContactInput>, (sandbox: Sandbox) => void, string]>([
  [
    'an older contact has the number: a second one may stand beside it',
    { identifier: '123456789', name: 'John Doe' },
    () => undefined,
    'POST( GET)+',
  ],
  [
    'a new contact with the number has another name',
    {},
    ({ contacts }) => contacts.add({ identifier: '+39023000', source: 'whatsapp', name: 'Bob' }),
    'POST( GET)+',
  ],
  ['the identifier would be another place in the URL', { identifier: '..' }, () => undefined, 'POST'],
  ['the source can’t be looked up', { source: 'TELEGRAM' }, () => undefined, 'POST'],
])('nothing is concluded where %s', async (_what, change, prepare, expected) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 2000 })
  prepare(sandbox)
  sandbox.failNext({ on: 'POST', drop: true, afterWork: true })
  const { errors } = await execute(document, { input: { ...input, ...change } })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', retryable: false, attempts: 1 })
  expect(methods(sandbox)).toMatch(new RegExp(`^${expected}$`))
})

test('a wait to settle that the deadline cuts short proves nothing: it is not sent again', async () => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  sandbox.failNext({ on: 'POST', drop: true, workAfterMs: 1500 })
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
  await expect.poll(() => sandbox.contacts.all()).toHaveLength(2)
})

test('a 404 that is a web page does not say that there is no contact', async () => {
  const { execute, sandbox } = await createTestGateway()
  const page: Fault = { on: 'GET', status: 404, body: '<html>nothing here</html>' }
  sandbox.failNext({ on: 'POST', drop: true, afterWork: true }, page, page, page)
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
})

test('a contact of a few seconds ago is old', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.contacts.add({ identifier: '+39023000', source: 'whatsapp', name: 'Ada' })
  const added = Date.parse(sandbox.contacts.all().at(-1)?.createdAt ?? '')
  await expect.poll(() => Date.now() - added, { interval: 20 }).toBeGreaterThan(3000)
  sandbox.failNext({ on: 'POST', drop: true })
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
})

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])('a contact is known for new by Callbell’s clock, an hour %s ours', async (_where, lead) => {
  const there = (): Date => new Date(Date.now() + lead)
  let createdAt = ''
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      createdAt = there().toISOString().replace(/\.\d+/, '')
      socket.destroy()
      return
    }
    const body = JSON.stringify({ contact: { uuid: 'u', name: 'Ada', createdAt } })
    socket.write(httpAnswer('200 OK', body, `date: ${there().toUTCString()}\r\n`))
  })
  const { execute } = await createTestGateway({ url: upstream.url })
  const { data } = await execute(document, { input })
  expect(data).toEqual({ createContact: { contact: { uuid: 'u', name: 'Ada' }, replayed: false } })
})

test('a contact of an hour ago is old, even if Callbell’s clock is an hour ahead', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      socket.destroy()
      return
    }
    // By our clock it would be from now.
    const body = JSON.stringify({ contact: { uuid: 'u', name: 'Ada', createdAt: new Date().toISOString() } })
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    socket.write(httpAnswer('200 OK', body, `date: ${date}\r\n`))
  })
  const { execute } = await createTestGateway({ url: upstream.url })
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions?.['outcome']).toBe('UNKNOWN')
})

test('an outage is not multiplied: the budget pays for a hundred requests more, and then for a tenth', async () => {
  const refused = httpAnswer('429 Too Many Requests', '', 'retry-after: 0\r\n')
  const upstream = await startRawUpstream((socket) => socket.write(refused))
  const { contacts } = await createTestGateway({ url: upstream.url, maxRps: 0, timeoutMs: 20_000 })
  const fields = 200
  const context = createTestContext()
  const outcomes = await Promise.all(
    Array.from({ length: fields }, (_, number) => {
      const wanted = { identifier: `+39023000${number}`, source: 'whatsapp', name: 'Ada' } as const
      return contacts.create(wanted, context).catch(({ code }) => code)
    }),
  )
  expect(new Set(outcomes)).toEqual(new Set(['CALLBELL_RATE_LIMITED']))
  expect(upstream.requests.length).toBeGreaterThanOrEqual(fields + 100)
  expect(upstream.requests.length).toBeLessThanOrEqual(fields + 100 + fields / 10)
  expect(context.calls()).toBe(upstream.requests.length)
})

test.each([
  ['as it came', '+39 333 123 4567'],
  ['with Brazil’s ninth digit', '+55 11 98765 4321'],
])(
  'a number that Callbell keeps as digits, and looks up only so, is found: %s',
  async (_what, identifier) => {
    const { execute, sandbox } = await createTestGateway({ sandbox: { phoneForm: 'digits' } })
    sandbox.failNext({ on: 'POST', drop: true, afterWork: true })
    const { data } = await execute(document, { input: { ...input, identifier } })
    const uuid = sandbox.contacts.all().at(-1)?.uuid
    expect(data).toEqual({ createContact: { contact: { uuid, name: 'Ada' }, replayed: false } })
    expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
  },
)

test('what another call made for the same person is not this call’s', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000, resendAfterMs: 1 })
  const { execute, sandbox } = gateway
  const keyed = (idempotencyKey: string) => execute(document, { input: { ...input, idempotencyKey } })
  sandbox.failNext({ on: 'POST', drop: true })
  expect((await keyed('a')).errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
  const before = sandbox.contacts.all().length
  expect((await keyed('b')).data).toMatchObject({
    createContact: { contact: { name: 'Ada' }, replayed: false },
  })
  expect(sandbox.contacts.all()).toHaveLength(before + 1)
  // Everything that is shown agrees, and it is new: only that another call made it sets it apart.
  expect((await keyed('a')).errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(2)
})

test.each<[string, Partial<CreateContactInput>]>([
  ['tags', { tags: ['VIP'] }],
  ['custom fields', { customFields: [{ name: 'Age', value: '42' }] }],
  ['a note', { note: 'Called twice' }],
])('a contact that lacks the %s that were sent is not this call’s', async (_what, change) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  sandbox.failNext({ on: 'POST', drop: true })
  const creating = execute(document, { input: { ...input, ...change } })
  await expect.poll(() => methods(sandbox)).toMatch(/^POST/)
  sandbox.contacts.add({ identifier: '+39023000', source: 'whatsapp', name: 'Ada', note: 'Another' })
  expect((await creating).errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
})
