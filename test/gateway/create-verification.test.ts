/** Ambiguous creates: which lookups decide that a contact was created, and which leave the outcome UNKNOWN. */
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/client/documents.ts'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const input: CreateContactInput = { identifier: '+39023000', source: 'WHATSAPP', name: 'Ada' }
const document =
  'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid name } replayed } }'

function methods({ requests }: Sandbox): string {
  return requests.map(({ method }) => method).join(' ')
}

test.each<[string, Fault[], string]>([
  ['a 429', [{ status: 429 }], 'POST POST'],
  ['a 429 with Retry-After', [{ status: 429, headers: { 'retry-after': '0' } }], 'POST POST'],
  ['a 500 after the work', [{ status: 500, afterWork: true }], 'POST GET'],
  ['a 504 after the work', [{ status: 504, afterWork: true }], 'POST GET'],
  ['a broken connection after the work', [{ drop: true, afterWork: true }], 'POST GET'],
  ['no answer after the work', [{ delayMs: 3000 }], 'POST GET'],
  ['a redirect after the work', [{ status: 302, afterWork: true }], 'POST GET'],
  [
    'a broken connection after the work, and a lookup that finds nothing once',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 404, body: { error: 'not found' } },
    ],
    'POST GET GET',
  ],
  [
    'a broken connection after the work, and a lookup that fails once',
    [
      { drop: true, afterWork: true },
      { on: 'GET', status: 500 },
    ],
    'POST GET GET',
  ],
])('after %s a create succeeds with one contact', async (_what, faults, expected) => {
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
    'an older contact has the number',
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
  ['the identifier would be another path of the URL', { identifier: '..' }, () => undefined, 'POST'],
  ['the source can’t be looked up', { source: 'TELEGRAM' }, () => undefined, 'POST'],
])('the outcome stays UNKNOWN where %s', async (_what, change, prepare, expected) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 2000 })
  prepare(sandbox)
  sandbox.failNext({ on: 'POST', drop: true, afterWork: true })
  const { errors } = await execute(document, { input: { ...input, ...change } })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', retryable: false, attempts: 1 })
  expect(methods(sandbox)).toMatch(new RegExp(`^${expected}$`))
})

test('a create is not sent again if the deadline comes before a lookup can prove anything', async () => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  sandbox.failNext({ on: 'POST', drop: true, workAfterMs: 1500 })
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
  await expect.poll(() => sandbox.contacts.all()).toHaveLength(2)
})

test('a 404 that is HTML is not taken for a missing contact', async () => {
  const { execute, sandbox } = await createTestGateway()
  const page: Fault = { on: 'GET', status: 404, body: '<html>nothing here</html>' }
  sandbox.failNext({ on: 'POST', drop: true, afterWork: true }, page, page, page)
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
})

test('a contact that is three seconds older than the create is not taken for its contact', async () => {
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
])('the age of a contact is measured on Callbell’s clock, an hour %s the gateway’s', async (_where, lead) => {
  const callbellTime = (): Date => new Date(Date.now() + lead)
  let createdAt = ''
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      createdAt = callbellTime().toISOString().replace(/\.\d+/, '')
      socket.destroy()
      return
    }
    const body = JSON.stringify({ contact: { uuid: 'u', name: 'Ada', createdAt } })
    socket.write(httpAnswer('200 OK', body, `date: ${callbellTime().toUTCString()}\r\n`))
  })
  const { execute } = await createTestGateway({ url: upstream.url })
  const { data } = await execute(document, { input })
  expect(data).toEqual({ createContact: { contact: { uuid: 'u', name: 'Ada' }, replayed: false } })
})

test('an hour-old contact is not taken for the created one, even if Callbell’s clock is an hour ahead', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      socket.destroy()
      return
    }
    // On the gateway's clock, it was created just now.
    const body = JSON.stringify({ contact: { uuid: 'u', name: 'Ada', createdAt: new Date().toISOString() } })
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    socket.write(httpAnswer('200 OK', body, `date: ${date}\r\n`))
  })
  const { execute } = await createTestGateway({ url: upstream.url })
  const { errors } = await execute(document, { input })
  expect(errors?.[0]?.extensions?.['outcome']).toBe('UNKNOWN')
})

test.each([
  ['as digits', '+39 333 123 4567'],
  ['with Brazil’s ninth digit', '+55 11 98765 4321'],
])('a number that Callbell stores as digits is found %s', async (_what, identifier) => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { phoneForm: 'digits' } })
  sandbox.failNext({ on: 'POST', drop: true, afterWork: true })
  const { data } = await execute(document, { input: { ...input, identifier } })
  const uuid = sandbox.contacts.all().at(-1)?.uuid
  expect(data).toEqual({ createContact: { contact: { uuid, name: 'Ada' }, replayed: false } })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(1)
})

test('a contact that another call created for the same number is not taken for this call’s', async () => {
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
  // The contact is new and equals the input. Only the other call's record shows that it is not this call's.
  expect((await keyed('a')).errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
  expect(methods(sandbox).match(/POST/g)).toHaveLength(2)
})

test.each<[string, Partial<CreateContactInput>]>([
  ['tags', { tags: ['VIP'] }],
  ['custom fields', { customFields: [{ name: 'Age', value: '42' }] }],
  ['a note', { note: 'Called twice' }],
])('a contact without the %s that were sent is not taken for this call’s', async (_what, change) => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  sandbox.failNext({ on: 'POST', drop: true })
  const creating = execute(document, { input: { ...input, ...change } })
  await expect.poll(() => methods(sandbox)).toMatch(/^POST/)
  sandbox.contacts.add({ identifier: '+39023000', source: 'whatsapp', name: 'Ada', note: 'Another' })
  expect((await creating).errors?.[0]?.extensions).toMatchObject({ outcome: 'UNKNOWN', attempts: 1 })
})
