import { expect, test } from 'vitest'
import * as account from '../../../src/sandbox/account.ts'
import { least, notFound, refused, startTestSandbox } from '../../support/test-sandbox.ts'

const [sales, support] = account.teams
const [milano, roma] = account.channels
const john = account.firstContact.uuid

const ada = {
  ...least,
  identifier: '+39 02 1',
  name: 'Ada',
  tags: ['VIP'],
  custom_fields: { Age: '42', Plan: 'Pro', Preferences: ['Dark Mode', 'Notifications'] },
  assigned_user: 'ada@example.com',
  team_uuid: support.uuid,
  note: 'Call back',
}

test('a contact is returned with all its fields', async () => {
  const { call, create } = await startTestSandbox()
  const contact = await create(ada)
  expect(contact).toEqual({
    uuid: expect.stringMatching(/^[\da-f]{32}$/),
    name: 'Ada',
    phoneNumber: '+39 02 1',
    avatarUrl: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    closedAt: null,
    blockedAt: null,
    source: 'whatsapp',
    href: `https://dash.callbell.eu/contacts/${contact.uuid}`,
    conversationHref: `https://dash.callbell.eu/chat/${contact.uuid}`,
    tags: ['VIP'],
    assignedUser: 'ada@example.com',
    customFields: { Age: '42', Plan: 'Pro', Preferences: '["Dark Mode", "Notifications"]' },
    funnelId: null,
    note: 'Call back',
    team: support,
    channel: milano,
  })
  expect(await call('GET', `/contacts/${contact.uuid}`)).toEqual({ status: 200, body: { contact } })
})

test('the types of custom fields are returned if they are requested', async () => {
  const { call, create } = await startTestSandbox()
  const contact = await create(ada)
  const { body } = await call('GET', `/contacts/${contact.uuid}?include_field_types=true`)
  expect(body).toEqual({
    contact: {
      ...contact,
      customFieldsMetadata: {
        Age: { value: 42, type: 'number' },
        Plan: { value: 'Pro', type: 'dropdown', options: ['Free', 'Pro', 'Enterprise'] },
        Preferences: {
          value: ['Dark Mode', 'Notifications'],
          type: 'checkbox',
          options: ['Dark Mode', 'Notifications', 'Weekly Report'],
        },
      },
    },
  })
  const without = await call('GET', `/contacts/${contact.uuid}?include_field_types=false`)
  expect(without.body).toEqual({ contact })
})

test('a phone number is looked up on one channel, by default the main one', async () => {
  const { call, create } = await startTestSandbox()
  const contact = await create({ identifier: '+39 02 1' })
  const there = await create({ identifier: '+39 02 1', channel_uuid: roma.uuid })
  expect((await call('GET', '/contacts/phone/39021')).body).toEqual({ contact })
  const onRoma = await call('GET', `/contacts/phone/39021?channel_uuid=${roma.uuid}`)
  expect(onRoma.body).toEqual({ contact: there })
  expect(await call('GET', '/contacts/phone/39022')).toEqual(notFound)
})

test('an unknown contact is not found', async () => {
  const { call } = await startTestSandbox()
  const paths = ['/none', '/contacts/', '/contacts/phone/', '/contacts/bsuid/none', `/contacts/${john}/none`]
  const nobody = ['/contacts/none', '/contacts/none/messages', '/contacts/none/bot']
  for (const path of [...paths, ...nobody]) expect(await call('GET', path)).toEqual(notFound)
  const others = [
    ['PATCH', '/contacts/none'],
    ['DELETE', '/contacts/none'],
    ['POST', '/contacts/none/bot'],
    ['POST', '/contacts/none/conversation/close'],
    ['POST', '/contacts/none/conversation/open'],
    ['POST', '/contacts/none/conversation/note'],
    ['PUT', '/contacts/none/conversation/update_funnel'],
    ['PUT', `/contacts/${john}`],
    ['DELETE', '/contacts'],
    ['POST', '/teams'],
  ] as const
  for (const [method, path] of others) expect(await call(method, path)).toEqual(notFound)
})

test('an unknown query parameter is refused', async () => {
  const { call } = await startTestSandbox()
  expect(await call('GET', '/contacts?tag=VIP')).toEqual(
    refused({ tag: ['is not a parameter of this call'] }),
  )
})

test('a change keeps what it does not name', async () => {
  const { call, create, sandbox } = await startTestSandbox()
  const contact = await create(ada)
  const path = `/contacts/${contact.uuid}`
  expect(await call('PATCH', path, {})).toEqual({ status: 200, body: { contact } })
  const named = await call('PATCH', path, { name: 'Ada Lovelace', team_uuid: sales.uuid })
  const expected = { ...contact, name: 'Ada Lovelace', team: sales }
  expect(named.body).toEqual({ contact: expected })
  expect(sandbox.contacts.all()).toEqual([expect.objectContaining({ uuid: john }), expected])
})

test.each([
  [
    'tags are replaced as a whole',
    { tags: ['Newsletter', 'Interested'] },
    { tags: ['Newsletter', 'Interested'] },
  ],
  ['an empty list clears the tags', { tags: [] }, { tags: [] }],
  ['an empty note clears the note', { note: '' }, { note: null }],
  ['a user can be assigned', { assigned_user: 'alan@example.com' }, { assignedUser: 'alan@example.com' }],
  ['the user can be taken away', { unassign_user: true }, { assignedUser: null }],
  [
    'custom fields that are not named stay',
    { custom_fields: { Age: '43', Preferences: [] } },
    { customFields: { Age: '43', Plan: 'Pro', Preferences: '[]' } },
  ],
])('%s', async (_rule, changes, expected) => {
  const { call, create } = await startTestSandbox()
  const contact = await create(ada)
  const answer = await call('PATCH', `/contacts/${contact.uuid}`, changes)
  expect(answer).toEqual({ status: 200, body: { contact: { ...contact, ...expected } } })
})

test.each<[unknown, unknown]>([
  [[], 'must be a JSON object'],
  [{ identifier: '1' }, { identifier: ['is not a parameter of this call'] }],
  [{ channel_uuid: roma.uuid }, { channel_uuid: ['is not a parameter of this call'] }],
  [{ name: '' }, { name: ['must be present and not empty'] }],
  [{ tags: ['vip'] }, { tags: ['tag "vip" does not exist'] }],
  [{ custom_fields: { Age: 42 } }, { custom_fields: ['"Age" must be a string'] }],
  [{ custom_fields: { Plan: true } }, { custom_fields: ['"Plan" must be a string'] }],
  [{ assigned_user: 'eve@example.com' }, { assigned_user: ['must be the e-mail of a confirmed user'] }],
  [{ unassign_user: false }, { unassign_user: ['must be true'] }],
  [
    { unassign_user: true, assigned_user: 'ada@example.com' },
    { unassign_user: ['cannot be combined with assigned_user'] },
  ],
  [{ team_uuid: 'none' }, { team_uuid: ['does not exist'] }],
  [{ bot_status: 'ended' }, { bot_status: ['must be one of bot_start, bot_end'] }],
  [
    { note: 'a'.repeat(1001), name: ' ' },
    {
      note: ['must be a string of at most 1000 characters'],
      name: ['must be present and not empty'],
    },
  ],
])('the change %j is refused', async (changes, error) => {
  const { call, sandbox } = await startTestSandbox()
  const before = sandbox.contacts.all()
  expect(await call('PATCH', `/contacts/${john}`, changes)).toEqual(refused(error))
  expect(sandbox.contacts.all()).toEqual(before)
})

test('a deleted contact is not found, and its uuid is not used again', async () => {
  const { call, create } = await startTestSandbox()
  const { uuid } = await create()
  const answer = await call('DELETE', `/contacts/${uuid}`)
  expect(answer).toEqual({ status: 200, body: { status: 'contact was destroyed' } })
  expect(await call('GET', `/contacts/${uuid}`)).toEqual(notFound)
  expect(await call('DELETE', `/contacts/${uuid}`)).toEqual(notFound)
  expect((await create()).uuid).not.toBe(uuid)
})

test('a contact is in a list of one with the documented shape', async () => {
  const { call, sandbox } = await startTestSandbox({ contactShape: 'array' })
  const path = `/contacts/${john}`
  const calls = [
    ['POST', '/contacts', least],
    ['GET', path],
    ['GET', '/contacts/phone/123456789'],
    ['PATCH', path, {}],
    ['POST', `${path}/conversation/close`],
    ['POST', `${path}/conversation/open`],
    ['PUT', `${path}/conversation/update_funnel`, { funnel_id: account.funnels[0].uuid }],
  ] as const
  for (const [method, path_, body] of calls) {
    expect((await call(method, path_, body)).body).toEqual({
      contact: [sandbox.contacts.all()[method === 'POST' && body ? 1 : 0]],
    })
  }
})
