/** The query `operation`: the outcome of a keyed call, by its key alone. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const john = '414a6d692bd645ed803f2e7ce360d4c8'
const create = `mutation { createContact(input: { identifier: "+39 02 1", source: WHATSAPP, name: "Ada", idempotencyKey: "k" }) { contact { uuid } } }`

const digest = (key: string): string => createHash('sha256').update(key).digest('hex')

async function stateOf({ execute }: Pick<TestGateway, 'execute'>, key = 'k'): Promise<unknown> {
  const { data, errors } = await execute<{ operation: unknown }, unknown>(
    `{ operation(idempotencyKey: ${JSON.stringify(key)}) { state contactUuid } }`,
  )
  expect(errors).toBeUndefined()
  return data?.operation
}

test('a created contact is APPLIED with its uuid, and the contact is read where it is selected', async () => {
  const gateway = await createTestGateway()
  const { execute, sandbox } = gateway
  expect(await stateOf(gateway)).toBeNull()
  await execute(create)
  const uuid = sandbox.contacts.all().at(-1)?.uuid
  expect(await stateOf(gateway)).toEqual({ state: 'APPLIED', contactUuid: uuid })
  expect(sandbox.requests).toHaveLength(1)
  const { data } = await execute('{ operation(idempotencyKey: "k") { contact { id name } } }')
  expect(data).toEqual({ operation: { contact: { id: uuid, name: 'Ada' } } })
  expect(sandbox.requests).toHaveLength(2)
})

test('an added note is APPLIED without a contact', async () => {
  const gateway = await createTestGateway()
  await gateway.execute(
    `mutation { addConversationNote(input: { uuid: "${john}", text: "Hello", idempotencyKey: "k" }) { success } }`,
  )
  expect(await stateOf(gateway)).toEqual({ state: 'APPLIED', contactUuid: null })
})

test('a rejected create leaves nothing under its key', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ status: 422, body: { error: { name: ['is odd'] } } })
  await gateway.execute(create)
  expect(await stateOf(gateway)).toBeNull()
})

test('a create is IN_FLIGHT while it runs, and UNKNOWN after an ambiguous end', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1500 })
  gateway.sandbox.failNext({ on: 'POST', status: 500, delayMs: 60_000 })
  const running = gateway.execute(create)
  await expect.poll(() => gateway.sandbox.requests.length).toBe(1)
  expect(await stateOf(gateway)).toEqual({ state: 'IN_FLIGHT', contactUuid: null })
  expect((await running).errors).toMatchObject([{ extensions: { outcome: 'UNKNOWN' } }])
  const requests = gateway.sandbox.requests.length
  expect(await stateOf(gateway)).toEqual({ state: 'UNKNOWN', contactUuid: null })
  expect(gateway.sandbox.requests).toHaveLength(requests)
})

test('the key of another caller is another key', async () => {
  const parsed = parseApiKeys({
    GATEWAY_API_KEYS: `one:${digest('1')},other:${digest('2')}`,
    GATEWAY_API_KEYS_FILE: '',
  })
  const keys = 'keys' in parsed ? parsed.keys : []
  const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
  const ask = async (query: string, key: string): Promise<unknown> =>
    (await gateway.post(JSON.stringify({ query }), { 'x-api-key': key })).json()
  await ask(create, '1')
  const query = '{ operation(idempotencyKey: "k") { state } }'
  expect([await ask(query, '1'), await ask(query, '2')]).toEqual([
    { data: { operation: { state: 'APPLIED' } } },
    { data: { operation: null } },
  ])
})
