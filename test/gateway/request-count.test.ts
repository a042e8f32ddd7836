/** Each request that leaves for Callbell is counted to the one on whose behalf it is made. */
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/contacts/create/create-contact.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createTestContext } from '../support/test-context.ts'

const input: CreateContactInput = { identifier: '+39 02 6', source: 'whatsapp', name: 'Ada' }

test.each<[string, Partial<CreateContactInput>, Fault[], number]>([
  ['a create', {}, [], 1],
  ['a keyed create', { idempotencyKey: 'k' }, [], 1],
  ['a create that is refused here', { name: '' }, [], 0],
  ['a create that is tried again', {}, [{ status: 429 }], 2],
  ['a create of which nobody can tell, which is looked for', {}, [{ drop: true, afterWork: true }], 2],
])('%s', async (_what, change, faults, calls) => {
  const { contacts, sandbox } = await createTestGateway()
  sandbox.failNext(...faults)
  const context = createTestContext()
  await contacts.create({ ...input, ...change }, context)
  expect([context.calls(), sandbox.requests.length]).toEqual([calls, calls])
})

test('a repetition pays for looking what became of an earlier call, and for nothing else', async () => {
  const { contacts, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  const keyed = { ...input, idempotencyKey: 'k' }
  sandbox.failNext(
    { drop: true, afterWork: true },
    ...Array.from({ length: 2 }, () => ({ on: 'GET', status: 401 }) as const),
  )
  await expect(contacts.create(keyed, createTestContext())).rejects.toMatchObject({ outcome: 'UNKNOWN' })
  const [looking, replaying] = [createTestContext(), createTestContext()]
  expect(await contacts.create(keyed, looking)).toMatchObject({ replayed: true })
  expect(await contacts.create(keyed, replaying)).toMatchObject({ replayed: true })
  expect([looking.calls(), replaying.calls()]).toEqual([1, 0])
})

test('a read', async () => {
  const { contacts, sandbox } = await createTestGateway()
  const context = createTestContext()
  await contacts.find('u', context)
  await contacts.findByPhone('+39 02 6', null, context)
  expect([context.calls(), sandbox.requests.length]).toEqual([2, 2])
})

test('what never leaves', async () => {
  const { contacts } = await createTestGateway({ url: 'http://127.0.0.1:1/v1' })
  const context = createTestContext()
  await expect(contacts.create(input, context)).rejects.toMatchObject({ code: 'CALLBELL_UNAVAILABLE' })
  expect(context.calls()).toBe(0)
})

test('a caller that floods the gateway does not keep another one waiting', async () => {
  const { contacts } = await createTestGateway({ maxRps: 10 })
  const hog = createTestContext('hog')
  const flood = Array.from({ length: 25 }, () => contacts.find('u', hog).then(() => 'hog'))
  const newcomer = contacts.find('u', createTestContext('newcomer')).then(() => 'newcomer')
  expect(await Promise.race([...flood.slice(10), newcomer])).toBe('newcomer')
  await Promise.all(flood)
})
