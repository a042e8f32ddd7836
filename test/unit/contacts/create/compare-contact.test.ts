import { expect, test } from 'vitest'
import { decodeContact } from '../../../../src/callbell/codec/decode-contact.ts'
import type { Contact, NewContact } from '../../../../src/domain/contact.ts'
import { isOtherContact, showsAllOf } from '../../../../src/contacts/create/compare-contact.ts'

const sent: NewContact = {
  identifier: '+39 333 123 4567',
  source: 'whatsapp',
  name: 'Zoë Bianchi',
  tags: ['VIP', 'Milano'],
  customFields: [
    { name: 'Age', value: '42' },
    { name: 'Likes', value: ['Dark Mode', 'Email'] },
  ],
  assignedUser: 'Ada@example.com',
  teamUuid: 't',
  channelUuid: 'c',
  note: 'Called twice',
}

const wire = {
  uuid: 'u',
  name: sent.name,
  phoneNumber: '393331234567',
  source: 'whatsapp',
  tags: ['Milano', 'VIP', 'New'],
  customFields: { Age: '42', Likes: '["Email", "Dark Mode"]', City: '' },
  assignedUser: 'ada@example.com',
  note: sent.note,
  team: { uuid: 't' },
  channel: { uuid: 'c' },
}

function shown(change: object = {}): Contact {
  const decoded = decodeContact(JSON.stringify({ contact: { ...wire, ...change } }))
  if ('failure' in decoded) throw new Error(decoded.failure)
  return decoded.contact
}

test('a contact with everything that was sent is the created one', () => {
  expect(showsAllOf(sent, shown())).toBe(true)
})

test.each<[object]>([
  [{ name: null, phoneNumber: null, note: null, assignedUser: null, team: null, channel: null }],
  [{ name: ' zoë  bianchi ' }],
  [{ name: 'Zoe\u0308 Bianchi' }],
])('a contact with absent or reformatted values may be the created one: %j', (change) => {
  expect(showsAllOf(sent, shown(change))).toBe(true)
  expect(isOtherContact(sent, shown(change))).toBe(false)
})

test.each<[object]>([
  [{ tags: ['VIP'] }],
  [{ tags: [] }],
  [{ customFields: { Age: '43', Likes: wire.customFields.Likes } }],
  [{ customFields: { Age: '42', Likes: '["Email"]' } }],
  [{ customFields: { Likes: wire.customFields.Likes } }],
  [{ customFields: {} }],
  [{ note: 'Called once' }],
  [{ assignedUser: 'bob@example.com' }],
  [{ team: { uuid: 'other' } }],
  [{ channel: { uuid: 'other' } }],
  [{ source: 'telegram' }],
])('a contact with other values does not show all that was sent, and is not surely another: %j', (change) => {
  expect(showsAllOf(sent, shown(change))).toBe(false)
  expect(isOtherContact(sent, shown(change))).toBe(false)
})

test.each<[object]>([[{ name: 'Zoë Rossi' }], [{ phoneNumber: '393331234568' }], [{ name: '' }]])(
  'a contact with another name or number is another contact: %j',
  (change) => {
    expect(isOtherContact(sent, shown(change))).toBe(true)
    expect(showsAllOf(sent, shown(change))).toBe(false)
  },
)

test('an identifier of another source is not compared with a number', () => {
  const telegram: NewContact = { identifier: '123456789', source: 'telegram', name: 'Zoë' }
  expect(isOtherContact(telegram, shown({ name: 'Zoë', phoneNumber: '393331234568' }))).toBe(false)
})

test('an absent field equals an empty one', () => {
  const empty: NewContact = { ...sent, customFields: [{ name: 'Age', value: '' }], note: '' }
  expect(showsAllOf(empty, shown({ customFields: {}, note: null }))).toBe(true)
})
