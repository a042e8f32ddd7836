import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fault } from '../src/sandbox/sandbox.ts'
import { hasRedis, startRedis } from './support/redis-server.ts'
import { openTestStore } from './support/stores.ts'
import type { TestGateway } from './support/test-gateway.ts'
import { createTestGateway } from './support/test-gateway.ts'

const uuid = '414a6d692bd645ed803f2e7ce360d4c8'
const document =
  'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { name note assignedUser tags } userErrors { field message code } } }'
const john = { name: 'John Doe', note: null, assignedUser: null, tags: [] }

interface Told {
  contact: { name: string; note: string | null; assignedUser: string | null; tags: string[] } | null
  userErrors: { field: string[] | null; message: string; code: string }[]
}

async function update(gateway: TestGateway, input: object) {
  const { data, errors } = await gateway.execute<{ updateContact: Told | null }, unknown>(document, {
    input: { uuid, ...input },
  })
  return { ...data?.updateContact, error: errors?.[0]?.extensions }
}

function sent({ sandbox }: TestGateway) {
  return sandbox.requests.map(({ method, body }) => (body === undefined ? method : [method, body]))
}

test.each<[object, object, object]>([
  [{ name: 'Jane' }, { name: 'Jane' }, { name: 'Jane' }],
  [{ note: 'new' }, { note: 'new' }, { note: 'new' }],
  [{ note: null }, { note: '' }, { note: null }],
  [
    { assignedUser: 'ada@example.com' },
    { assigned_user: 'ada@example.com' },
    { assignedUser: 'ada@example.com' },
  ],
  [{ assignedUser: null }, { unassign_user: true }, {}],
  [{ tags: ['VIP'] }, { tags: ['VIP'] }, { tags: ['VIP'] }],
  [{ tags: [] }, { tags: [] }, {}],
  [{ customFields: [{ name: 'Age', value: '42' }] }, { custom_fields: { Age: '42' } }, {}],
  [{ botStatus: 'END' }, { bot_status: 'bot_end' }, {}],
])('%j is one request, and what is left out stays', async (input, body, change) => {
  const gateway = await createTestGateway()
  expect(await update(gateway, input)).toEqual({
    contact: { ...john, ...change },
    userErrors: [],
    error: undefined,
  })
  expect(sent(gateway)).toEqual([['PATCH', body]])
})

test.each<[object, [string, string]]>([
  [{}, ['', 'BLANK']],
  [{ expectedTags: ['VIP'] }, ['', 'BLANK']],
  [{ name: null }, ['input.name', 'INVALID']],
  [{ tags: null }, ['input.tags', 'INVALID']],
  [{ addTags: null }, ['input.addTags', 'INVALID']],
  [{ removeTags: null }, ['input.removeTags', 'INVALID']],
  [{ customFields: null }, ['input.customFields', 'INVALID']],
  [{ teamUuid: null }, ['input.teamUuid', 'INVALID']],
  [{ botStatus: null }, ['input.botStatus', 'INVALID']],
  [{ name: ' ' }, ['input.name', 'BLANK']],
  [{ note: 'x'.repeat(1001) }, ['input.note', 'TOO_LONG']],
  [{ assignedUser: 'ada' }, ['input.assignedUser', 'INVALID']],
  [{ tags: ['VIP'], addTags: ['VIP'] }, ['input.tags', 'INVALID']],
  [{ addTags: ['VIP'], removeTags: ['Interested', 'VIP'] }, ['input.removeTags.1', 'INVALID']],
  [{ uuid: '..', name: 'Jane' }, ['input.uuid', 'INVALID']],
])('%j is refused before anything is sent', async (input, problem) => {
  const gateway = await createTestGateway()
  const { contact, userErrors } = await update(gateway, input)
  expect(contact).toBeNull()
  expect(userErrors?.map(({ field, code }) => [field?.join('.') ?? '', code])).toEqual([problem])
  expect(gateway.sandbox.requests).toEqual([])
})

test('what Callbell refuses is told by the path of the input', async () => {
  const gateway = await createTestGateway()
  const { userErrors } = await update(gateway, { name: 'Jane', tags: ['VIP', 'none such'] })
  expect(userErrors).toEqual([
    { field: ['input', 'tags'], message: expect.stringContaining('none such'), code: 'REJECTED' },
  ])
})

test('a contact that is not there', async () => {
  const gateway = await createTestGateway()
  for (const input of [{ name: 'Jane' }, { addTags: ['VIP'] }]) {
    const { contact, userErrors } = await update(gateway, { uuid: 'nobody', ...input })
    expect([contact, userErrors?.map(({ field, code }) => [field, code])]).toEqual([
      null,
      [[['input', 'uuid'], 'REJECTED']],
    ])
  }
})

test('tags are added and removed among those that are there', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const { contact } = await update(gateway, {
    addTags: ['Interested', 'VIP'],
    removeTags: ['Newsletter'],
    name: 'J',
  })
  expect(contact).toEqual({ ...john, name: 'J', tags: ['VIP', 'Interested'] })
  expect(sent(gateway).slice(1)).toEqual([
    'GET',
    ['PATCH', { name: 'J', tags: ['VIP', 'Interested'] }],
    'GET',
  ])
})

test('an update is refused when the tags are others than expected', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const expected = await update(gateway, { tags: ['Interested'], expectedTags: ['Newsletter', 'VIP'] })
  expect(expected.contact?.tags).toEqual(['Interested'])
  const { contact, userErrors } = await update(gateway, { name: 'Jane', expectedTags: ['VIP'] })
  expect([contact, userErrors]).toEqual([
    null,
    [
      {
        field: ['input', 'expectedTags'],
        message: '`expectedTags` are not the tags that the contact has: ["Interested"].',
        code: 'CONFLICT',
      },
    ],
  ])
  expect(gateway.sandbox.contacts.all()[0]?.name).toBe('John Doe')
})

test('an edit that a colleague overwrites in between is made again', async () => {
  const gateway = await createTestGateway()
  const overwritten = { contact: { uuid, tags: ['Newsletter'] } }
  gateway.sandbox.failNext(
    { on: 'GET', status: 200, body: { contact: { uuid, tags: [] } } },
    { on: 'GET', status: 200, body: overwritten },
  )
  const { contact } = await update(gateway, { addTags: ['VIP'] })
  expect(contact?.tags).toEqual(['Newsletter', 'VIP'])
  expect(sent(gateway)).toEqual([
    'GET',
    ['PATCH', { tags: ['VIP'] }],
    'GET',
    ['PATCH', { tags: ['Newsletter', 'VIP'] }],
    'GET',
  ])
})

const unavailable: Fault = { on: 'PATCH', status: 500 }

test.each<[string, Fault[], object]>([
  ['a 500, then a success', [unavailable], { contact: { name: 'Jane' } }],
  [
    'a cut connection after the work',
    [{ on: 'PATCH', afterWork: true, drop: true }],
    { contact: { name: 'Jane' } },
  ],
  ['429, then a success', [{ on: 'PATCH', status: 429 }], { contact: { name: 'Jane' } }],
  [
    'four failures',
    [unavailable, unavailable, unavailable, unavailable],
    { error: { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true, attempts: 4 } },
  ],
  [
    'a success that can’t be read',
    [{ on: 'PATCH', status: 200, body: 'odd', afterWork: true }],
    { error: { code: 'CALLBELL_INVALID_RESPONSE', outcome: 'APPLIED', retryable: false, attempts: 1 } },
  ],
  [
    'a token that is not accepted',
    [{ on: 'PATCH', status: 401 }],
    { error: { code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED', retryable: false, attempts: 1 } },
  ],
])('%s', async (_name, faults, expected) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(...faults)
  expect(await update(gateway, { name: 'Jane' })).toMatchObject(expected)
})

const tags = ['Called back', 'Interested', 'Newsletter', 'VIP']
const edit = fc.record({ tag: fc.constantFrom(...tags), isAdded: fc.boolean() })

test('no edit of tags is lost, however many are made at a time', { timeout: 60_000 }, async () => {
  const gateway = await createTestGateway({ maxRps: 0, timeoutMs: 20_000, sandbox: { maxRps: 100_000 } })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(edit, { selector: ({ tag }) => tag, minLength: 2 }), async (edits) => {
      const start = tags.filter((_tag, index) => index % 2 === 0)
      await update(gateway, { tags: start })
      await Promise.all(
        edits.map(({ tag, isAdded }) => update(gateway, { [isAdded ? 'addTags' : 'removeTags']: [tag] })),
      )
      const wanted = new Set(start)
      for (const { tag, isAdded } of edits) wanted[isAdded ? 'add' : 'delete'](tag)
      expect(new Set(gateway.sandbox.contacts.all()[0]?.tags)).toEqual(wanted)
    }),
    { numRuns: 25 },
  )
})

test.runIf(hasRedis)('no edit is lost between replicas that share a Redis', async () => {
  const redis = await startRedis()
  const first = await createTestGateway({ store: await openTestStore(redis.url) })
  const { url } = first.sandbox
  const second = await createTestGateway({ store: await openTestStore(redis.url), url })
  await Promise.all(tags.map((tag, index) => update(index % 2 === 0 ? first : second, { addTags: [tag] })))
  expect(first.sandbox.contacts.all()[0]?.tags.toSorted()).toEqual(tags)
})
