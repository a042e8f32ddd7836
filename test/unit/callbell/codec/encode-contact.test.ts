import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createInputPathOf, encodeNewContact } from '../../../../src/callbell/codec/encode-contact.ts'
import type { NewContact } from '../../../../src/domain/contact.ts'
import { arbitraryText } from '../../../support/arbitrary-text.ts'

const minimalContact: NewContact = { identifier: '123456789', source: 'whatsapp', name: 'John Doe' }

test('undefined options are omitted, and never null', () => {
  expect(encodeNewContact({ ...minimalContact, tags: undefined, note: undefined })).toBe(
    '{"identifier":"123456789","source":"whatsapp","name":"John Doe"}',
  )
})

test('every option has its snake_case name', () => {
  const contact: NewContact = {
    ...minimalContact,
    tags: ['Richiamato', 'Interessato'],
    customFields: [
      { name: 'Billing Address', value: 'Main Street 1' },
      { name: 'PI : MF-CUT', value: ['a', 'b'] },
    ],
    assignedUser: 'ada@example.com',
    teamUuid: 't1',
    channelUuid: 'c1',
    botStatus: 'end',
    note: 'Call back\non Monday',
  }
  expect(JSON.parse(encodeNewContact(contact))).toEqual({
    identifier: '123456789',
    source: 'whatsapp',
    name: 'John Doe',
    tags: ['Richiamato', 'Interessato'],
    custom_fields: { 'Billing Address': 'Main Street 1', 'PI : MF-CUT': ['a', 'b'] },
    assigned_user: 'ada@example.com',
    team_uuid: 't1',
    channel_uuid: 'c1',
    bot_status: 'bot_end',
    note: 'Call back\non Monday',
  })
})

test('empty lists are sent as given', () => {
  expect(JSON.parse(encodeNewContact({ ...minimalContact, tags: [], customFields: [] }))).toEqual({
    ...minimalContact,
    tags: [],
    custom_fields: {},
  })
})

test('every string is encoded unchanged', () => {
  const text = arbitraryText()
  fc.assert(
    fc.property(text, text, fc.array(text), fc.dictionary(text, text), (name, note, tags, fields) => {
      const customFields = Object.entries(fields).map(([field, value]) => ({ name: field, value }))
      const sent = Buffer.from(
        encodeNewContact({ ...minimalContact, name, note, tags, customFields }),
      ).toString()
      expect(JSON.parse(sent)).toEqual({ ...minimalContact, name, note, tags, custom_fields: { ...fields } })
    }),
  )
})

test.each<[string[], string[] | null, string[]]>([
  [['name'], ['name'], []],
  [['team_uuid'], ['teamUuid'], []],
  [['name', 'anything'], ['name'], ['anything']],
  [['tags', '1'], ['tags', '1'], []],
  [['tags', '2'], ['tags'], ['2']],
  [['tags', '01'], ['tags'], ['01']],
  [['custom_fields', 'Age'], ['customFields', '1', 'value'], []],
  [['custom_fields', 'Age', 'more'], ['customFields', '1', 'value'], ['more']],
  [['custom_fields', 'Options'], ['customFields', '2', 'values'], []],
  [['custom_fields', 'Unknown'], ['customFields'], ['Unknown']],
  [['base'], null, ['base']],
  [['constructor'], null, ['constructor']],
  [[], null, []],
])('the wire parameter %j is the input path %j and the rest %j', (parameter, path, rest) => {
  const customFields = [
    { name: 'Plan', value: 'Free' },
    { name: 'Age', value: '42' },
    { name: 'Options', value: ['x'] },
  ]
  const contact = { ...minimalContact, tags: ['a', 'b'], customFields }
  expect(createInputPathOf(contact)(parameter, 422, 'is "b" and "Plan"')).toEqual({ path, rest })
})

test.each<[string[], string, string[]]>([
  [['tags'], 'tag "b" does not exist', ['tags', '1']],
  [['tags'], 'tags "a" and "b" do not exist', ['tags']],
  [['tags'], 'tag "c" does not exist', ['tags']],
  [['tags'], 'tag b does not exist', ['tags']],
  [['custom_fields'], '"Age" must be a valid number', ['customFields', '1', 'value']],
  [['custom_fields'], '"Plan" is not "Age"', ['customFields']],
  [['name'], '"a" is odd', ['name']],
])('the wire parameter %j with the message %j is the input path %j', (parameter, message, path) => {
  const customFields = [
    { name: 'Plan', value: 'Free' },
    { name: 'Age', value: '42' },
  ]
  const contact = { ...minimalContact, tags: ['a', 'b', 'b'], customFields }
  expect(createInputPathOf(contact)(parameter, 422, message)).toEqual({ path, rest: [] })
})
