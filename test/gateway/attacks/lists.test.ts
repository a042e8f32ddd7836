/** Long lists of tags and custom fields. */
import { describe, expect, test } from 'vitest'
import { createTestGateway } from '../../support/test-gateway.ts'
import { many, times, upstreamRequests, resultOf, size, tagList, withTags } from '../../support/attacks.ts'

const fieldList = (count: number): object[] =>
  many(count).map((number) => ({ name: `f${number}`, value: '' }))

describe('long lists', () => {
  const updates =
    'mutation($input:UpdateContactInput!){updateContact(input:$input){userErrors{field message code}}}'
  const creates =
    'mutation($input:CreateContactInput!){createContact(input:$input){userErrors{field message code}}}'
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }

  test.each<[string, string, object, string, string]>([
    ['tags of a create', creates, { ...contact, tags: tagList(501) }, 'tags', '501'],
    [
      'custom fields of a create',
      creates,
      { ...contact, customFields: fieldList(501) },
      'customFields',
      '501',
    ],
    [
      'values of a custom field',
      creates,
      { ...contact, customFields: [...fieldList(2), { name: 'UI', values: tagList(501) }] },
      'customFields.2.values',
      '501',
    ],
    ['tags', updates, { uuid: '1', tags: tagList(8000) }, 'tags', '8,000'],
    ['tags to add', updates, { uuid: '1', addTags: tagList(501) }, 'addTags', '501'],
    ['tags to remove', updates, { uuid: '1', removeTags: tagList(501) }, 'removeTags', '501'],
    [
      'expected tags',
      updates,
      { uuid: '1', addTags: ['VIP'], expectedTags: tagList(501) },
      'expectedTags',
      '501',
    ],
    ['custom fields', updates, { uuid: '1', customFields: fieldList(1500) }, 'customFields', '1,500'],
  ])('more than 500 %s are refused as a whole', async (_what, query, given, list, length) => {
    const gateway = await createTestGateway()
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query, { input: given })
    expect(Object.values(data ?? {})).toEqual([
      {
        userErrors: [
          {
            field: ['input', ...list.split('.')],
            message: `\`${list}\` has ${length} items; the limit is 500.`,
            code: 'TOO_LONG',
          },
        ],
      },
    ])
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('more than 500 tags of a filter are refused', async () => {
    const gateway = await createTestGateway()
    const query = 'query($tags:[String!]){contacts(filter:{tags:$tags}){nodes{name}}}'
    const response = await gateway.post(JSON.stringify({ query, variables: { tags: tagList(501) } }))
    expect(await resultOf(response)).toEqual({
      status: 200,
      data: { contacts: null },
      errors: ['BAD_USER_INPUT: `filter.tags` has 501 items; the limit is 500.'],
    })
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('500 items are accepted', async () => {
    const gateway = await createTestGateway()
    const edit = { uuid: '1', addTags: tagList(500), removeTags: ['x'], expectedTags: tagList(500) }
    gateway.sandbox.failNext({ on: 'GET', status: 404 })
    const { data } = await gateway.execute(updates, { input: edit })
    expect(data).toEqual({
      updateContact: {
        userErrors: [expect.objectContaining({ field: ['input', 'uuid'], code: 'NOT_FOUND' })],
      },
    })
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('ten edits with 8,000 tags to add and 8,000 to remove are refused', async () => {
    const gateway = await createTestGateway()
    const edit = 'updateContact(input:{uuid:"1",addTags:$a,removeTags:$b}){userErrors{message}}'
    const query = `mutation($a:[String!]$b:[String!]){${times(10, (n) => `a${n}:${edit}`)}}`
    const lists = { a: Array.from({ length: 8000 }, () => 'a'), b: Array.from({ length: 8000 }, () => 'b') }
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query, lists)
    const messages = ['addTags', 'removeTags'].map((list) => ({
      message: `\`${list}\` has 8,000 items; the limit is 500.`,
    }))
    expect(Object.values(data ?? {})).toEqual(many(10).map(() => ({ userErrors: messages })))
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('a custom field name of 50,000 characters is not repeated in the response', async () => {
    const gateway = await createTestGateway()
    const list = times(52, () => '{name:$n,value:""}')
    const query = `mutation($n:String!){createContact(input:{identifier:"1",source:WHATSAPP,name:"Ada",customFields:[${list}]}){userErrors{message}}}`
    const response = await gateway.post(JSON.stringify({ query, variables: { n: 'n'.repeat(50_000) } }))
    expect(await size(response)).toBeLessThan(5000)
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('a contact with 140,000 tags can be edited', async () => {
    const gateway = await createTestGateway({ timeoutMs: 60_000 })
    // Short, so that the response stays below 1 MiB. A nested loop would exceed the test's timeout.
    const before = many(140_000).map((number) => number.toString(36))
    const after = [...before, 'VIP']
    gateway.sandbox.failNext(
      { on: 'GET', status: 200, body: withTags(before) },
      { on: 'PATCH', status: 200, body: withTags(after) },
      { on: 'GET', status: 200, body: withTags(after.toReversed()) },
    )
    const edit = { uuid: '1', addTags: ['VIP'] }
    expect(await gateway.execute(updates, { input: edit })).toEqual({
      data: { updateContact: { userErrors: [] } },
    })
    const sent = gateway.sandbox.requests.map(({ method, body }) => [method, body])
    expect(sent).toEqual([
      ['GET', undefined],
      ['PATCH', { tags: after }],
      ['GET', undefined],
    ])
  })
})
