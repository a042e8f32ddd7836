/** Updates of a contact without edits of its tags: their input, their requests and their retries. */
import { expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createEventfulGateway, john, sent, update } from '../support/update-contact.ts'

const other = { uuid: '0123456789abcdef0123456789abcdef', name: 'Somebody else', tags: ['VIP'] }

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
  [{ name: 'Jane', addTags: [], customFields: [] }, { name: 'Jane' }, { name: 'Jane' }],
  [{ botStatus: 'END' }, { bot_status: 'bot_end' }, {}],
])('%j is one request, and omitted fields are unchanged', async (input, body, change) => {
  const gateway = await createTestGateway()
  expect(await update(gateway, input)).toEqual({
    contact: { ...john, ...change },
    userErrors: [],
    error: undefined,
  })
  expect(sent(gateway)).toEqual([['PATCH', body]])
})

test.each<[object, [string, string]]>([
  [{}, ['', 'NOTHING_TO_UPDATE']],
  [{ expectedTags: ['VIP'] }, ['', 'NOTHING_TO_UPDATE']],
  [{ addTags: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ removeTags: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ customFields: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ addTags: [], removeTags: [], customFields: [], expectedTags: [] }, ['', 'NOTHING_TO_UPDATE']],
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
])('%j is refused, and nothing is sent', async (input, problem) => {
  const gateway = await createTestGateway()
  const { contact, userErrors } = await update(gateway, input)
  expect(contact).toBeNull()
  expect(userErrors?.map(({ field, code }) => [field?.join('.') ?? '', code])).toEqual([problem])
  expect(gateway.sandbox.requests).toEqual([])
})

test('a problem that Callbell reports has its input field', async () => {
  const gateway = await createTestGateway()
  const { userErrors } = await update(gateway, { name: 'Jane', tags: ['VIP', 'none such'] })
  expect(userErrors).toEqual([
    { field: ['input', 'tags', '1'], message: expect.stringContaining('none such'), code: 'REJECTED' },
  ])
})

test('an unknown contact is NOT_FOUND', async () => {
  const gateway = await createTestGateway()
  for (const input of [{ name: 'Jane' }, { addTags: ['VIP'] }]) {
    const { contact, userErrors } = await update(gateway, { uuid: 'nobody', ...input })
    expect([contact, userErrors?.map(({ field, code }) => [field, code])]).toEqual([
      null,
      [[['input', 'uuid'], 'NOT_FOUND']],
    ])
  }
})

test.each<[string, object, object]>([
  ['alone', {}, { bot_status: 'bot_start' }],
  ['with tags', { tags: ['VIP'] }, { bot_status: 'bot_start', tags: ['VIP'] }],
  ['with an edit of tags', { addTags: ['VIP'] }, { bot_status: 'bot_start', tags: ['VIP'] }],
  ['with expectedTags', { tags: ['VIP'], expectedTags: [] }, { bot_status: 'bot_start', tags: ['VIP'] }],
])('the start of a bot %s is only sent again after a 429', async (_what, change, body) => {
  for (const fault of [
    { status: 500 },
    { drop: true },
    { status: 200, body: {} },
    { status: 404, body: '' },
  ]) {
    const gateway = await createEventfulGateway({ 'PATCH 1': () => fault })
    expect(await update(gateway, { botStatus: 'START', ...change })).toEqual({
      error: expect.objectContaining({ outcome: 'UNKNOWN', retryable: false }),
    })
    expect(sent(gateway).filter((request) => request !== 'GET')).toEqual([['PATCH', body]])
  }
  const limited = await createEventfulGateway({ 'PATCH 1': () => ({ status: 429 }) })
  expect((await update(limited, { botStatus: 'START', ...change })).error).toBeUndefined()
  expect(sent(limited).filter((request) => request !== 'GET')).toEqual([
    ['PATCH', body],
    ['PATCH', body],
  ])
})

const unavailable: Fault = { on: 'PATCH', status: 500 }

test.each<[string, Fault[], object]>([
  ['a 500, then a success', [unavailable], { contact: { name: 'Jane' } }],
  [
    'a broken connection after the work',
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
    'an invalid success, then a valid one',
    [{ on: 'PATCH', status: 200, body: 'odd', afterWork: true }],
    { contact: { name: 'Jane' } },
  ],
  [
    'a token that Callbell rejects',
    [{ on: 'PATCH', status: 401, body: { error: 'not authorized' } }],
    { error: { code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED', retryable: false, attempts: 1 } },
  ],
  ['a 401 of a firewall', [{ on: 'PATCH', status: 401, body: '<html>' }], { contact: { name: 'Jane' } }],
])('%s: the update is retried, or fails with its outcome', async (_name, faults, expected) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(...faults)
  expect(await update(gateway, { name: 'Jane' })).toMatchObject(expected)
})

test.each<[string, unknown]>([
  ['`success: false`', { success: false }],
  ['an error', { error: 'try later' }],
  ['HTML', '<html>maintenance</html>'],
  ['an empty body', ''],
  ['no contact', {}],
  ['another contact', { contact: other }],
])('after a success with %s the update is retried', async (_what, body) => {
  const gateway = await createTestGateway()
  const odd: Fault = { on: 'PATCH', status: 200, body }
  gateway.sandbox.failNext(odd)
  expect((await update(gateway, { name: 'Jane' })).contact?.name).toBe('Jane')
  expect(sent(gateway)).toEqual([
    ['PATCH', { name: 'Jane' }],
    ['PATCH', { name: 'Jane' }],
  ])
  gateway.sandbox.failNext(odd, odd, odd, odd)
  const { contact, error } = await update(gateway, { name: 'June' })
  expect([contact, error]).toEqual([
    undefined,
    expect.objectContaining({ code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN', attempts: 4 }),
  ])
})
