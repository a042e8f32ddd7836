import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InputProblem } from '../../../../src/contacts/rules/input-rules.ts'
import type { NewContactInput } from '../../../../src/contacts/rules/new-contact-rules.ts'
import { checkNewContact } from '../../../../src/contacts/rules/new-contact-rules.ts'
import { arbitraryText } from '../../../support/arbitrary-text.ts'

const minimalInput: NewContactInput = { identifier: '123456789', source: 'whatsapp', name: 'John Doe' }

function problem(path: string[], code: InputProblem['code'], message: string): InputProblem {
  return { path, code, message }
}

test.each<[string, Partial<NewContactInput>, InputProblem]>([
  ['a blank name', { name: ' \t\u00a0' }, problem(['name'], 'BLANK', '`name` must not be blank.')],
  [
    'an empty identifier',
    { identifier: '' },
    problem(['identifier'], 'BLANK', '`identifier` must not be blank.'),
  ],
  [
    'a name of 256 characters',
    { name: 'é'.repeat(256) },
    problem(['name'], 'TOO_LONG', '`name` has 256 characters; the limit is 255.'),
  ],
  [
    'a note of 1,001 characters',
    { note: '😀'.repeat(1001) },
    problem(['note'], 'TOO_LONG', '`note` has 1,001 characters; the limit is 1,000.'),
  ],
  [
    'a line break in a name',
    { name: 'John\nDoe' },
    problem(['name'], 'INVALID', '`name` must not contain the control character U+000A.'),
  ],
  [
    'a null byte in a note',
    { note: 'a\u0000b' },
    problem(['note'], 'INVALID', '`note` must not contain the control character U+0000.'),
  ],
  [
    'a control character in a tag',
    { tags: ['a', 'b\u0085'] },
    problem(['tags', '1'], 'INVALID', '`tags.1` must not contain the control character U+0085.'),
  ],
  [
    'a lone surrogate',
    { name: 'John \ud83d' },
    problem(['name'], 'INVALID', '`name` is not well-formed Unicode.'),
  ],
  [
    'an assigned user that is not an e-mail address',
    { assignedUser: 'Ada Lovelace' },
    problem(['assignedUser'], 'INVALID', '`assignedUser` is not a valid e-mail address.'),
  ],
  [
    'a custom field with both values',
    { customFields: [{ name: 'Age', value: '42', values: ['42'] }] },
    problem(
      ['customFields', '0'],
      'INVALID',
      'Provide either `value` or `values` in `customFields.0`, not both.',
    ),
  ],
  [
    'a custom field with neither value',
    { customFields: [{ name: 'Age', value: null }] },
    problem(['customFields', '0'], 'INVALID', 'Provide either `value` or `values` in `customFields.0`.'),
  ],
  [
    'a custom field given twice',
    {
      customFields: [
        { name: 'Age', value: '1' },
        { name: 'Plan', value: 'Free' },
        { name: 'Age', value: '2' },
      ],
    },
    problem(
      ['customFields', '2', 'name'],
      'INVALID',
      '`customFields.2.name` repeats the name of `customFields.0`.',
    ),
  ],
  [
    'a custom field with the name `__proto__`',
    { customFields: [{ name: '__proto__', value: 'x' }] },
    problem(['customFields', '0', 'name'], 'INVALID', '`customFields.0.name` must not be "__proto__".'),
  ],
  [
    'a control character in a custom field',
    { customFields: [{ name: 'Note', value: 'a\u0007' }] },
    problem(
      ['customFields', '0', 'value'],
      'INVALID',
      '`customFields.0.value` must not contain the control character U+0007.',
    ),
  ],
])('%s is refused', (_what, input, expected) => {
  expect(checkNewContact({ ...minimalInput, ...input })).toEqual({ problems: [expected] })
})

test('all problems are reported at once', () => {
  const checked = checkNewContact({
    identifier: '',
    source: 'telegram',
    name: ' ',
    assignedUser: 'nobody',
    customFields: [{ name: 'constructor', value: 'x' }, { name: 'Age' }],
  })
  const places = 'problems' in checked ? checked.problems.map(({ path }) => path?.join('.') ?? '') : []
  expect(places.toSorted()).toEqual([
    'assignedUser',
    'customFields.0.name',
    'customFields.1',
    'identifier',
    'name',
  ])
})

test.each<[string, Partial<NewContactInput>]>([
  ['the documents’ own phone number', { identifier: '123456789' }],
  ['a phone number with spaces', { identifier: '+39 333 123 4567' }],
  ['an identifier that is not a phone number', { identifier: 'john.doe', source: 'instagram' }],
  ['a name of 255 emoji', { name: '😀'.repeat(255) }],
  ['a name with spaces around it', { name: '  José  Ñandú ' }],
  ['a note of several lines', { note: 'one\n\ttwo\r\nthree' }],
  ['an empty note', { note: '' }],
  ['an unusual e-mail address', { assignedUser: 'ada+sales@localhost' }],
  [
    'a custom field of several lines',
    { customFields: [{ name: 'Billing Address', value: 'Via Roma 1\nMilano' }] },
  ],
  ['a custom field with an empty list', { customFields: [{ name: 'Preferences', values: [] }] }],
  ['a custom field that is emptied', { customFields: [{ name: 'Age', value: '' }] }],
])('%s is accepted', (_what, input) => {
  expect(checkNewContact({ ...minimalInput, ...input })).toHaveProperty('contact')
})

test('null means omitted', () => {
  const nulls = {
    tags: null,
    customFields: null,
    assignedUser: null,
    teamUuid: null,
    note: null,
    botStatus: null,
  }
  expect(checkNewContact({ ...minimalInput, ...nulls })).toEqual({ contact: minimalInput })
})

test('an accepted input is unchanged', () => {
  const text = arbitraryText({ maxLength: 20 })
  fc.assert(
    fc.property(text, text, fc.array(text), (name, value, tags) => {
      const input = { ...minimalInput, name, tags, customFields: [{ name: 'Field', value }] }
      const checked = checkNewContact(input)
      if ('contact' in checked) expect(checked.contact).toEqual(input)
      else expect(checked.problems).not.toEqual([])
    }),
  )
})
