/** `expectedTags`: an update is a compare-and-set of the tags. */
import { expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { addTags, createEventfulGateway, john, sent, tagsIn, update } from '../support/update-contact.ts'

const other = { uuid: '0123456789abcdef0123456789abcdef', name: 'Somebody else', tags: ['VIP'] }

test('an update is refused if the tags differ from expectedTags', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const expected = await update(gateway, { tags: ['Interested'], expectedTags: ['Newsletter', 'VIP'] })
  expect(expected.contact?.tags).toEqual(['Interested'])
  const { contact, userErrors } = await update(gateway, { name: 'Jane', expectedTags: ['VIP'] })
  // The present contact, so that a form can show what is there now.
  expect([contact, userErrors]).toEqual([
    { name: 'John Doe', note: null, tags: ['Interested'], assignedUser: null },
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

test('with expectedTags, an update that a colleague overwrites is a CONFLICT, and not retried', async () => {
  const gateway = await createEventfulGateway({ 'GET 2': addTags('Newsletter') })
  expect(await update(gateway, { tags: ['VIP'], expectedTags: [] })).toEqual({
    error: expect.objectContaining({ code: 'CONFLICT', outcome: 'APPLIED', retryable: false }),
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP', 'Newsletter'])
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['VIP'] }], 'GET'])
})

test.each<[string, Fault, object]>([
  [
    'a broken connection after the work',
    { drop: true, afterWork: true },
    { contact: { tags: ['VIP'], name: 'Jane' } },
  ],
  [
    'a success of another contact, after the work',
    { status: 200, body: { contact: other }, afterWork: true },
    { contact: { tags: ['VIP'], name: 'Jane' } },
  ],
  [
    'a broken connection before the work',
    { drop: true },
    { error: { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true, attempts: 1 } },
  ],
  [
    'a success without a contact',
    { status: 200, body: {} },
    { error: { code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN', retryable: false, attempts: 1 } },
  ],
])(
  'with expectedTags, an update is verified after %s, and not sent again',
  async (_what, fault, expected) => {
    const gateway = await createEventfulGateway({ 'PATCH 1': () => fault })
    expect(await update(gateway, { tags: ['VIP'], expectedTags: [], name: 'Jane' })).toMatchObject(expected)
    expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['VIP'], name: 'Jane' }], 'GET'])
  },
)

test('with expectedTags, the equal change of a colleague is not taken for this update', async () => {
  const gateway = await createEventfulGateway({ 'PATCH 1': () => ({ drop: true }), 'GET 2': addTags('VIP') })
  expect((await update(gateway, { tags: ['VIP'], expectedTags: [], name: 'Jane' })).error).toMatchObject({
    outcome: 'UNKNOWN',
  })
})

test('with expectedTags, the tags are compared again before a retry', async () => {
  const [change, limited] = [{ tags: ['VIP'], expectedTags: [] }, { 'PATCH 1': () => ({ status: 429 }) }]
  const same = await createEventfulGateway(limited)
  expect((await update(same, change)).contact?.tags).toEqual(['VIP'])
  const changed = await createEventfulGateway({ ...limited, 'GET 2': addTags('Newsletter') })
  expect(await update(changed, change)).toMatchObject({
    contact: { tags: ['Newsletter'] },
    userErrors: [{ field: ['input', 'expectedTags'], code: 'CONFLICT' }],
  })
  expect(sent(changed)).toEqual(['GET', ['PATCH', { tags: ['VIP'] }], 'GET'])
})

test('with expectedTags, an update without tags sends none', async () => {
  const gateway = await createEventfulGateway({ 'PATCH 1': addTags('Newsletter') })
  const { contact } = await update(gateway, { name: 'Jane', expectedTags: [] })
  expect(contact).toEqual({ ...john, name: 'Jane', tags: ['Newsletter'] })
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { name: 'Jane' }]])
})
