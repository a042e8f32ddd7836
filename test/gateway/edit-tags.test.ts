/** `addTags` and `removeTags`: edits that are read, written and verified, and compete with others. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import {
  addTags,
  createEventfulGateway,
  forEachAttempt,
  john,
  sent,
  setTags,
  tagsIn,
  update,
  uuid,
} from '../support/update-contact.ts'

test('tags are added to and removed from the existing ones', async () => {
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

test('an edit that a colleague overwrites is retried, without the other fields', async () => {
  const gateway = await createEventfulGateway({ 'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']) })
  const { contact } = await update(gateway, { addTags: ['VIP'], name: 'Jane', botStatus: 'START' })
  expect(contact).toEqual({ ...john, name: 'Jane', tags: ['Newsletter', 'VIP'] })
  expect(sent(gateway)).toEqual([
    'GET',
    ['PATCH', { tags: ['VIP'], name: 'Jane', bot_status: 'bot_start' }],
    'GET',
    ['PATCH', { tags: ['Newsletter', 'VIP'] }],
    'GET',
  ])
})

test('an edit that colleagues overwrite three times is a CONFLICT', async () => {
  const gateway = await createEventfulGateway({
    'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']),
    'GET 3': (sandbox) => setTags(sandbox, ['Interested']),
    'GET 4': (sandbox) => setTags(sandbox, []),
  })
  expect((await update(gateway, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CONFLICT',
    outcome: 'UNKNOWN',
    retryable: true,
  })
  expect(sent(gateway).filter((request) => request !== 'GET')).toEqual([
    ['PATCH', { tags: ['VIP'] }],
    ['PATCH', { tags: ['Newsletter', 'VIP'] }],
    ['PATCH', { tags: ['Interested', 'VIP'] }],
  ])
})

test.each<[string, Fault, object]>([
  ['a 503', { status: 503 }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a broken connection', { drop: true }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a 429', { status: 429 }, { code: 'CALLBELL_RATE_LIMITED', retryable: true }],
  ['a 400', { status: 400, body: { error: 'no' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 404', { status: 404, body: { error: 'gone' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 401', { status: 401, body: { error: 'no' } }, { code: 'CALLBELL_UNAUTHORIZED', retryable: false }],
])('%s in the second round has the outcome UNKNOWN', async (_what, fault, expected) => {
  const [second, third, fourth, fifth] = [2, 3, 4, 5].map((number) => `PATCH ${number}`)
  const gateway = await createEventfulGateway({
    'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']),
    ...Object.fromEntries([second, third, fourth, fifth].map((name) => [name, () => fault])),
  })
  expect(await update(gateway, { addTags: ['VIP'], name: 'Jane' })).toEqual({
    error: expect.objectContaining({ ...expected, outcome: 'UNKNOWN' }),
  })
  expect(gateway.sandbox.contacts.find(uuid)?.contact.name).toBe('Jane')
})

test.each<[string, Fault, object]>([
  ['a 503', { status: 503 }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a 400', { status: 400, body: { error: 'no' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 404', { status: 404, body: { error: 'gone' } }, { code: 'CONFLICT', retryable: false }],
  [
    'tags of an unknown type',
    { status: 200, body: { contact: { uuid, tags: 'VIP' } } },
    { code: 'CALLBELL_INVALID_RESPONSE', retryable: false },
  ],
])('%s in response to the verification has the outcome APPLIED', async (_what, fault, expected) => {
  const gateway = await createEventfulGateway({
    'PATCH 1': () => gateway.sandbox.failNext(...forEachAttempt({ on: 'GET', ...fault })),
  })
  expect(await update(gateway, { addTags: ['VIP'] })).toEqual({
    error: expect.objectContaining({ ...expected, outcome: 'APPLIED' }),
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP'])
})

test('tags that are already as requested are not sent', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const edit = { addTags: ['VIP'], removeTags: ['Interested'] }
  expect((await update(gateway, edit)).contact?.tags).toEqual(['VIP', 'Newsletter'])
  expect((await update(gateway, { ...edit, name: 'Jane' })).contact?.name).toBe('Jane')
  const expectedTags = ['Newsletter', 'VIP']
  await update(gateway, { tags: expectedTags, expectedTags })
  expect(sent(gateway).slice(1)).toEqual(['GET', 'GET', ['PATCH', { name: 'Jane' }], 'GET'])
})

test.each<[string, Fault]>([
  ['a broken connection before the work', { drop: true }],
  ['a broken connection after the work', { drop: true, afterWork: true }],
  ['a 503', { status: 503 }],
  ['a 429', { status: 429 }],
  ['a success without a contact', { status: 200, body: {}, afterWork: true }],
])(
  'an edit that is retried after %s keeps the tags that a colleague has added since',
  async (_what, fault) => {
    const gateway = await createEventfulGateway({ 'PATCH 1': () => fault, 'GET 2': addTags('Newsletter') })
    const { contact } = await update(gateway, { addTags: ['VIP'], name: 'Jane' })
    expect([contact?.name, contact?.tags.toSorted()]).toEqual(['Jane', ['Newsletter', 'VIP']])
    expect(tagsIn(gateway.sandbox).toSorted()).toEqual(['Newsletter', 'VIP'])
  },
)

test('a failed read before a retry leaves the outcome NOT_APPLIED after a 429', async () => {
  const gateway = await createEventfulGateway({ 'PATCH 1': () => ({ status: 429 }) })
  gateway.sandbox.failNext({}, ...forEachAttempt({ on: 'GET', status: 503 }))
  expect((await update(gateway, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CALLBELL_UNAVAILABLE',
    outcome: 'NOT_APPLIED',
    retryable: true,
  })
})

test('a contact that is deleted before a retry is NOT_FOUND after a 429, and UNKNOWN after a broken connection', async () => {
  const deletion = { 'GET 2': ({ contacts }: Sandbox) => contacts.remove(uuid) }
  const refused = await createEventfulGateway({ 'PATCH 1': () => ({ status: 429 }), ...deletion })
  expect(await update(refused, { addTags: ['VIP'] })).toMatchObject({
    contact: null,
    userErrors: [{ field: ['input', 'uuid'], code: 'NOT_FOUND' }],
  })
  const ambiguous = await createEventfulGateway({ 'PATCH 1': () => ({ drop: true }), ...deletion })
  expect((await update(ambiguous, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CALLBELL_UNAVAILABLE',
    outcome: 'UNKNOWN',
  })
})

test.each<[string, object]>([
  ['a string', { tags: 'VIP' }],
  ['an object', { tags: { VIP: true } }],
  ['a list with an object', { tags: ['VIP', { name: 'Newsletter' }] }],
  ['absent', {}],
])('tags that are %s are not edited', async (_what, tagged) => {
  for (const edit of [{ addTags: ['VIP'] }, { removeTags: ['VIP'] }, { tags: [], expectedTags: [] }]) {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 200, body: { contact: { uuid, ...tagged } } })
    expect(await update(gateway, { ...edit, name: 'Jane' })).toEqual({
      error: expect.objectContaining({
        code: 'CALLBELL_INVALID_RESPONSE',
        outcome: 'NOT_APPLIED',
        retryable: false,
      }),
    })
    expect(sent(gateway)).toEqual(['GET'])
  }
})

test('tags that are null are read as an empty list', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ status: 200, body: { contact: { uuid, tags: null } } })
  expect((await update(gateway, { addTags: ['VIP'] })).contact?.tags).toEqual(['VIP'])
})

const tags = ['Called back', 'Interested', 'Newsletter', 'VIP']
const edit = fc.record({ tag: fc.constantFrom(...tags), isAdded: fc.boolean() })

test('of concurrent edits of tags none is lost', { timeout: 180_000 }, async () => {
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

test.runIf(hasRedis)('of concurrent edits on replicas with one Redis none is lost', async () => {
  const redis = await startRedis()
  const first = await createTestGateway({ store: await openTestStore(redis.url) })
  const { url } = first.sandbox
  const second = await createTestGateway({ store: await openTestStore(redis.url), url })
  await Promise.all(tags.map((tag, index) => update(index % 2 === 0 ? first : second, { addTags: [tag] })))
  expect(first.sandbox.contacts.all()[0]?.tags.toSorted()).toEqual(tags)
})
