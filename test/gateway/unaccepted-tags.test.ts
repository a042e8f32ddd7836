/** Tags that Callbell normalizes, drops or keeps, against what was written. */
import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'
import {
  document,
  createEventfulGateway,
  sent,
  setTags,
  tagsIn,
  storeOtherTags,
  update,
  uuid,
} from '../support/update-contact.ts'

test.each([
  ['changes their case', (tag: string) => tag.toUpperCase()],
  ['trims them', (tag: string) => tag.trim()],
])('an edit succeeds where Callbell %s', async (_what, normalize) => {
  const gateway = await createEventfulGateway({
    PATCH: storeOtherTags((sentTags) => sentTags.map(normalize)),
  })
  const edited = await update(gateway, { addTags: ['Vip ', 'news'] })
  const expected = ['Vip ', 'news'].map(normalize)
  expect(edited.contact?.tags).toEqual(expected)
  const replaced = await update(gateway, { tags: ['other '], expectedTags: expected })
  expect(replaced.contact?.tags).toEqual(['other '].map(normalize))
  expect(sent(gateway).filter((request) => request !== 'GET')).toHaveLength(2)
})

const withoutGhost = (sentTags: readonly string[]) => sentTags.filter((tag) => tag !== 'Ghost')

test.each<[string, object, string[]]>([
  ['an edit', { addTags: ['Ghost'] }, ['input', 'addTags', '0']],
  ['a compare-and-set', { tags: ['Ghost'], expectedTags: [] }, ['input', 'tags', '0']],
])('%s whose only tag Callbell drops is REJECTED, and names it', async (_what, change, field) => {
  const gateway = await createEventfulGateway({ PATCH: storeOtherTags(withoutGhost) })
  expect(await update(gateway, change)).toEqual({
    contact: null,
    userErrors: [{ field, message: 'Callbell did not accept the tag "Ghost".', code: 'REJECTED' }],
    error: undefined,
  })
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['Ghost'] }], 'GET'])
})

test.each<[string, object]>([
  ['a name', { addTags: ['Ghost'], name: 'Jane' }],
  ['another tag', { addTags: ['VIP', 'Ghost'] }],
  ['a tag of a complete list', { tags: ['VIP', 'Ghost'] }],
  ['a tag of a complete list with expectedTags', { tags: ['VIP', 'Ghost'], expectedTags: [] }],
])('a tag that Callbell drops beside %s is named, with the outcome APPLIED', async (_what, change) => {
  const gateway = await createEventfulGateway({ PATCH: storeOtherTags(withoutGhost) })
  const { data, errors } = await gateway.execute<object, object>(document, { input: { uuid, ...change } })
  expect([data, errors]).toEqual([
    { updateContact: null },
    [
      expect.objectContaining({
        message:
          'Callbell did not accept the tag "Ghost", but applied all other changes. The change was made.',
        extensions: expect.objectContaining({
          code: 'CALLBELL_REJECTED',
          outcome: 'APPLIED',
          retryable: false,
        }),
      }),
    ],
  ])
})

test('a tag that Callbell returns, but does not store, is named, with the outcome UNKNOWN', async () => {
  const gateway = await createEventfulGateway({ PATCH: storeOtherTags(withoutGhost, true) })
  const { errors } = await gateway.execute<object, object>(document, { input: { uuid, addTags: ['Ghost'] } })
  expect(errors).toEqual([
    expect.objectContaining({
      message:
        'After each of 3 writes the contact did not have the tag "Ghost" as written. The change may or may not have been made.',
      extensions: expect.objectContaining({ code: 'CALLBELL_REJECTED', outcome: 'UNKNOWN' }),
    }),
  ])
})

test('a tag that Callbell does not remove is named', async () => {
  const gateway = await createEventfulGateway({ PATCH: storeOtherTags(() => ['VIP']) })
  setTags(gateway.sandbox, ['VIP'])
  expect((await update(gateway, { removeTags: ['VIP'] })).userErrors).toEqual([
    {
      field: ['input', 'removeTags', '0'],
      message: 'Callbell did not remove the tag "VIP".',
      code: 'REJECTED',
    },
  ])
})

test('a tag in another spelling is not removed, but named', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  expect(await update(gateway, { removeTags: ['Newsletter', 'vip'], addTags: ['Interested'] })).toEqual({
    contact: { name: 'John Doe', note: null, tags: ['VIP', 'Newsletter'], assignedUser: null },
    userErrors: [
      {
        field: ['input', 'removeTags', '1'],
        message: 'The contact has this tag as "VIP". Tags are removed exactly as they are spelled.',
        code: 'CONFLICT',
      },
    ],
    error: undefined,
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP', 'Newsletter'])
  setTags(gateway.sandbox, ['VIP', 'vip'])
  expect((await update(gateway, { removeTags: ['vip'] })).contact?.tags).toEqual(['VIP'])
})
