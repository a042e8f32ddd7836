import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeContact } from '../../../../src/callbell/codec/decode-contact.ts'
import { decodeTime } from '../../../../src/callbell/codec/json-reader.ts'
import type { Contact } from '../../../../src/domain/contact.ts'

const empty: Contact = {
  uuid: '414a6d692bd645ed803f2e7ce360d4c8',
  name: null,
  phoneNumber: null,
  avatarUrl: null,
  source: null,
  sourceName: null,
  createdAt: null,
  closedAt: null,
  blockedAt: null,
  href: null,
  conversationHref: null,
  tags: [],
  assignedUser: null,
  customFields: [],
  funnelId: null,
  note: null,
  bsuid: null,
  team: null,
  channel: null,
}

function decode(wire: unknown) {
  return decodeContact(JSON.stringify({ contact: wire }))
}

/** What decodes from a contact with these keys besides its uuid. */
function decodeKeys(keys: object) {
  return decode({ uuid: empty.uuid, ...keys })
}

const documented = {
  uuid: empty.uuid,
  name: 'John Doe',
  phoneNumber: '123456789',
  avatarUrl: null,
  createdAt: '2020-11-13T21:08:53Z',
  source: 'whatsapp',
  href: 'https://dash.callbell.eu/contacts/414a6d692bd645ed803f2e7ce360d4c8',
  tags: [],
  assignedUser: null,
  customFields: {},
}
const documentedContact: Contact = {
  ...empty,
  name: 'John Doe',
  phoneNumber: '123456789',
  createdAt: '2020-11-13T21:08:53Z',
  source: 'whatsapp',
  sourceName: 'whatsapp',
  href: 'https://dash.callbell.eu/contacts/414a6d692bd645ed803f2e7ce360d4c8',
}

test('a contact is decoded from an object, as the live API writes it', () => {
  expect(decode(documented)).toEqual({
    contact: documentedContact,
    areTagsKnown: true,
    unreadable: [],
  })
})

test('a contact is decoded from a list of one, as the documentation shows it', () => {
  expect(decode([documented])).toEqual({
    contact: documentedContact,
    areTagsKnown: true,
    unreadable: [],
  })
})

test('a contact with every key is decoded completely', () => {
  expect(
    decode({
      ...documented,
      avatarUrl: 'https://example.com/a.png',
      closedAt: '2025-12-18 20:00:19 +0100',
      blockedAt: '2026-01-01T00:00:00.123+02:00',
      conversationHref: 'https://dash.callbell.eu/chat/1',
      tags: ['Richiamato', ' Già  interessato '],
      assignedUser: 'ada@example.com',
      customFields: { 'PI : MF-CUT': '42', UI: '["Dark Mode", "Notifications"]', Empty: null },
      customFieldsMetadata: { 'PI : MF-CUT': { type: 'text' } },
      funnelId: '0f0e2f3a-0000-4000-8000-000000000000',
      note: 'Call back\non Monday',
      bsuid: 'IT.123',
      team: { uuid: 't1', name: 'Sales', createdAt: '2020-01-01T00:00:00Z', default: true, members: 3 },
      channel: { uuid: 'c1', title: 'Milano', type: 'whatsapp', main: false, discardedAt: null },
      somethingNew: { ever: ['so', 'deep'] },
    }),
  ).toEqual({
    contact: {
      ...documentedContact,
      avatarUrl: 'https://example.com/a.png',
      closedAt: '2025-12-18T20:00:19+01:00',
      blockedAt: '2026-01-01T00:00:00.123+02:00',
      conversationHref: 'https://dash.callbell.eu/chat/1',
      tags: ['Richiamato', ' Già  interessato '],
      assignedUser: 'ada@example.com',
      customFields: [
        { name: 'PI : MF-CUT', value: '42', values: null, type: 'text', options: null },
        {
          name: 'UI',
          value: '["Dark Mode", "Notifications"]',
          values: ['Dark Mode', 'Notifications'],
          type: null,
          options: null,
        },
        { name: 'Empty', value: null, values: null, type: null, options: null },
      ],
      funnelId: '0f0e2f3a-0000-4000-8000-000000000000',
      note: 'Call back\non Monday',
      bsuid: 'IT.123',
      team: {
        uuid: 't1',
        name: 'Sales',
        createdAt: '2020-01-01T00:00:00Z',
        default: true,
        memberCount: 3,
      },
      channel: { uuid: 'c1', title: 'Milano', type: 'whatsapp', main: false, discardedAt: null },
    },
    areTagsKnown: true,
    unreadable: [],
  })
})

test.each<[string, object, Partial<Contact>]>([
  ['only a uuid', {}, {}],
  ['null everywhere', { name: null, tags: null, customFields: null, team: null, source: null }, {}],
  ['a web chat, whose word is unknown', { source: 'widget' }, { sourceName: 'widget' }],
  ['a number where a text should be', { phoneNumber: 393331234567 }, { phoneNumber: '393331234567' }],
  ['a tag that is a number', { tags: [2026] }, { tags: ['2026'] }],
  [
    'custom fields that are no texts',
    { customFields: { Age: 42, Member: true } },
    {
      customFields: [
        { name: 'Age', value: '42', values: null, type: null, options: null },
        { name: 'Member', value: 'true', values: null, type: null, options: null },
      ],
    },
  ],
  [
    'a checkbox that is a list',
    { customFields: { UI: ['a'] } },
    { customFields: [{ name: 'UI', value: '["a"]', values: ['a'], type: null, options: null }] },
  ],
  [
    'a text in brackets that is no list',
    { customFields: { Note: '[sic]', Mixed: '[1, "a"]' } },
    {
      customFields: [
        { name: 'Note', value: '[sic]', values: null, type: null, options: null },
        { name: 'Mixed', value: '[1, "a"]', values: null, type: null, options: null },
      ],
    },
  ],
  ['members as a list', { team: { uuid: 't', members: ['a', 'b'] } }, { team: team({ memberCount: 2 }) }],
])('%s is decoded', (_what, keys, expected) => {
  expect(decodeKeys(keys)).toEqual({
    contact: { ...empty, ...expected },
    areTagsKnown: 'tags' in keys,
    unreadable: [],
  })
})

function team(keys: object): NonNullable<Contact['team']> {
  return { uuid: 't', name: null, createdAt: null, default: null, memberCount: null, ...keys }
}

test('a value of an unknown shape is null, and its path is reported as unreadable', () => {
  expect(
    decodeKeys({
      name: { first: 'John' },
      createdAt: 'yesterday',
      tags: ['a', { name: 'b' }],
      customFields: 'none',
      team: { name: 'without a uuid' },
      channel: { uuid: 'c', main: 'yes' },
    }),
  ).toEqual({
    contact: {
      ...empty,
      tags: ['a'],
      channel: { uuid: 'c', title: null, type: null, main: null, discardedAt: null },
    },
    areTagsKnown: false,
    unreadable: [
      'contact.name',
      'contact.createdAt',
      'contact.tags.1',
      'contact.customFields',
      'contact.team',
      'contact.channel.main',
    ],
  })
})

test.each<[string, unknown, boolean]>([
  ['a list', ['a'], true],
  ['an empty list', [], true],
  ['null', null, true],
  ['no key', undefined, false],
  ['a text', 'a, b', false],
  ['an object', { a: true }, false],
  ['a list with an object', ['a', { name: 'b' }], false],
  ['a list with a list', [['a']], false],
])('tags that are %s: whether they are known', (_what, tags, areTagsKnown) => {
  expect(decodeKeys({ tags })).toMatchObject({ areTagsKnown })
})

test('unreadable tags are unknown, even if many other values are unreadable', () => {
  const keys = ['name', 'phoneNumber', 'avatarUrl', 'source', 'createdAt', 'closedAt', 'blockedAt', 'href']
  const odd = Object.fromEntries(
    [...keys, 'conversationHref', 'assignedUser', 'note'].map((key) => [key, {}]),
  )
  expect(decodeKeys({ ...odd, tags: 'a' })).toMatchObject({ areTagsKnown: false })
})

test('of thousands of unreadable values, the first 20 are reported', () => {
  const decoded = decodeKeys({ tags: Array.from({ length: 9000 }, () => ({})) })
  expect(decoded).toEqual({
    contact: empty,
    areTagsKnown: false,
    unreadable: Array.from({ length: 20 }, (_, index) => `contact.tags.${index}`),
  })
})

test('a custom field with the name of a JavaScript property is decoded like any other', () => {
  const decoded = decodeContact(`{"contact":{"uuid":"u","customFields":{"__proto__":"a","constructor":"b"}}}`)
  expect(decoded).toEqual({
    contact: {
      ...empty,
      uuid: 'u',
      customFields: [
        { name: '__proto__', value: 'a', values: null, type: null, options: null },
        { name: 'constructor', value: 'b', values: null, type: null, options: null },
      ],
    },
    areTagsKnown: false,
    unreadable: [],
  })
})

test('a custom field that is nested too deeply to serialize is unreadable', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  expect(decodeContact(`{"contact":{"uuid":"u","customFields":{"Deep":${deep}}}}`)).toEqual({
    contact: {
      ...empty,
      uuid: 'u',
      customFields: [{ name: 'Deep', value: null, values: null, type: null, options: null }],
    },
    areTagsKnown: false,
    unreadable: ['contact.customFields.0'],
  })
})

test.each([
  ['', 'NOT_JSON'],
  ['<html>502</html>', 'NOT_JSON'],
  ['{"contact":{"uuid":"u"', 'NOT_JSON'],
  ['null', 'NO_CONTACT'],
  ['[]', 'NO_CONTACT'],
  ['{}', 'NO_CONTACT'],
  ['{"contact":null}', 'ABSENT'],
  ['{"contact":[]}', 'ABSENT'],
  ['{"contact":"u"}', 'NO_CONTACT'],
  ['{"contact":[{"uuid":"u"},{"uuid":"v"}]}', 'SEVERAL_CONTACTS'],
  ['{"contact":{}}', 'NO_UUID'],
  ['{"contact":{"uuid":null}}', 'NO_UUID'],
  ['{"contact":{"uuid":" "}}', 'NO_UUID'],
  ['{"contact":{"uuid":{}}}', 'NO_UUID'],
])('%s is the failure %s', (text, failure) => {
  expect(decodeContact(text)).toEqual({ failure })
})

test.each([
  ['2020-11-13T21:08:53Z', '2020-11-13T21:08:53Z'],
  ['2020-11-13T21:08:53.123Z', '2020-11-13T21:08:53.123Z'],
  ['2020-11-13T21:08:53+05:30', '2020-11-13T21:08:53+05:30'],
  ['2025-12-18 20:00:19 +0100', '2025-12-18T20:00:19+01:00'],
  ['2025-12-18 20:00:19 UTC', '2025-12-18T20:00:19Z'],
  ['2020-11-13T21:08:53+0100', '2020-11-13T21:08:53+01:00'],
  ['2020-13-13T21:08:53Z', null],
  ['2026-02-31T21:08:53Z', null],
  ['2024-02-29T21:08:53Z', '2024-02-29T21:08:53Z'],
  ['2000-02-29T21:08:53Z', '2000-02-29T21:08:53Z'],
  ['1900-02-29T21:08:53Z', null],
  ['2025-02-29T21:08:53Z', null],
  ['2025-04-31T21:08:53Z', null],
  ['2025-12-31T23:59:59Z', '2025-12-31T23:59:59Z'],
  ['2025-12-00T21:08:53Z', null],
  ['2025-00-12T21:08:53Z', null],
  ['2025-12-12T24:00:00Z', null],
  ['2025-12-12T21:60:00Z', null],
  ['2025-12-12T21:08:53+24:00', null],
  ['2020-11-13', null],
  ['', null],
  [1605301733, null],
])('the time %j is decoded to %j', (value, expected) => {
  expect(decodeTime(value)).toBe(expected)
})

test('any string decodes or is a named failure, and never throws', () => {
  const failures = new Set(['NOT_JSON', 'ABSENT', 'NO_CONTACT', 'SEVERAL_CONTACTS', 'NO_UUID'])
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ contact: value })),
    fc.jsonValue().map((value) => JSON.stringify({ contact: [value] })),
    fc
      .record(Object.fromEntries(['uuid', ...Object.keys(empty)].map((key) => [key, fc.jsonValue()])), {
        requiredKeys: [],
      })
      .map((contact) => JSON.stringify({ contact })),
  )
  fc.assert(
    fc.property(bodies, (text) => {
      const decoded = decodeContact(text)
      if ('failure' in decoded) expect(failures).toContain(decoded.failure)
      else expect(decoded.contact.uuid).not.toBe('')
    }),
  )
})

test('no readable field is lost, even beside unreadable ones', () => {
  const text = fc.option(fc.string())
  const wire = fc.record({
    uuid: fc.string({ minLength: 1 }).filter((uuid) => uuid.trim() !== ''),
    name: text,
    phoneNumber: text,
    note: text,
    assignedUser: text,
    bsuid: text,
    tags: fc.array(fc.string()),
    customFields: fc.dictionary(fc.string(), text),
  })
  const noise = fc.dictionary(
    fc.constantFrom('source', 'createdAt', 'team', 'channel', 'new'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(wire, noise, fc.boolean(), (known, unknown, isList) => {
      const contact = { ...unknown, ...known }
      const decoded = decode(isList ? [contact] : contact)
      const { customFields, ...rest } = known
      expect('contact' in decoded && decoded.contact).toMatchObject(rest)
      expect(
        'contact' in decoded && decoded.contact.customFields.map((field) => [field.name, field.value]),
      ).toEqual(Object.entries(customFields))
    }),
  )
})
