/** Each request to Callbell is counted for the caller that caused it. */
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/contacts/create/create-contact.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createTestContext } from '../support/test-context.ts'

const input: CreateContactInput = { identifier: '+39 02 6', source: 'whatsapp', name: 'Ada' }

test.each<[string, Partial<CreateContactInput>, Fault[], number]>([
  ['a create', {}, [], 1],
  ['a keyed create', { idempotencyKey: 'k' }, [], 1],
  ['a create that the gateway refuses', { name: '' }, [], 0],
  ['a create that is retried', {}, [{ status: 429 }], 2],
  ['an ambiguous create that is verified', {}, [{ drop: true, afterWork: true }], 2],
])('%s counts each of its requests', async (_what, change, faults, calls) => {
  const { contacts, sandbox } = await createTestGateway()
  sandbox.failNext(...faults)
  const context = createTestContext()
  await contacts.create({ ...input, ...change }, context)
  expect([context.calls(), sandbox.requests.length]).toEqual([calls, calls])
})

test('a repeat counts the lookup of an earlier call, and a replay counts nothing', async () => {
  const { contacts, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  const keyed = { ...input, idempotencyKey: 'k' }
  sandbox.failNext(
    { drop: true, afterWork: true },
    ...Array.from({ length: 2 }, () => ({ on: 'GET', status: 401 }) as const),
  )
  await expect(contacts.create(keyed, createTestContext())).rejects.toMatchObject({ outcome: 'UNKNOWN' })
  const [verifying, replaying] = [createTestContext(), createTestContext()]
  expect(await contacts.create(keyed, verifying)).toMatchObject({ replayed: true })
  expect(await contacts.create(keyed, replaying)).toMatchObject({ replayed: true })
  expect([verifying.calls(), replaying.calls()]).toEqual([1, 0])
})

test('each read counts one request', async () => {
  const { contacts, sandbox } = await createTestGateway()
  const context = createTestContext()
  await contacts.find('u', context)
  await contacts.findByPhone('+39 02 6', null, context)
  expect([context.calls(), sandbox.requests.length]).toEqual([2, 2])
})

test('a create without a connection counts nothing', async () => {
  const { contacts } = await createTestGateway({ url: 'http://127.0.0.1:1/v1' })
  const context = createTestContext()
  await expect(contacts.create(input, context)).rejects.toMatchObject({ code: 'CALLBELL_UNAVAILABLE' })
  expect(context.calls()).toBe(0)
})

test('a caller that floods the gateway does not delay another caller', async () => {
  const { contacts } = await createTestGateway({ maxRps: 10 })
  const busyCaller = createTestContext('busy')
  const flood = Array.from({ length: 25 }, () => contacts.find('u', busyCaller).then(() => 'busy'))
  const otherCaller = contacts.find('u', createTestContext('other')).then(() => 'other')
  expect(await Promise.race([...flood.slice(10), otherCaller])).toBe('other')
  await Promise.all(flood)
})
