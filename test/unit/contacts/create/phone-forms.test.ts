/** Formats of phone numbers: which are looked up, and which identify one person. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewContact } from '../../../../src/domain/contact.ts'
import { identityOf, phoneForms, sameNumber, shapeOf } from '../../../../src/contacts/create/phone-forms.ts'

test.each<[string, string[]]>([
  ['+39 333 123 4567', ['+39 333 123 4567', '+393331234567', '393331234567']],
  ['+393331234567', ['+393331234567', '393331234567']],
  ['393331234567', ['393331234567', '+393331234567']],
  ['0039 333 1234567', ['0039 333 1234567', '+393331234567', '393331234567', '00393331234567']],
  ['(039) 055/12-34.56', ['(039) 055/12-34.56', '+039055123456', '039055123456']],
  // As phones copy it, between invisible marks.
  ['\u202A+39 333 1234567\u202C', ['\u202A+39 333 1234567\u202C', '+393331234567', '393331234567']],
  // Brazil
  ['5531987654321', ['5531987654321', '+5531987654321', '+553187654321', '553187654321']],
  [
    '+55 31 8765-4321',
    ['+55 31 8765-4321', '+553187654321', '553187654321', '+5531987654321', '5531987654321'],
  ],
  ['+5531887654321', ['+5531887654321', '5531887654321']],
  ['55318765432', ['55318765432', '+55318765432']],
  // Argentina
  ['5491123456789', ['5491123456789', '+5491123456789', '+541123456789', '541123456789']],
  ['+541123456789', ['+541123456789', '541123456789', '+5491123456789', '5491123456789']],
  [
    '+54 11 15 2345 6789',
    [
      '+54 11 15 2345 6789',
      '+54111523456789',
      '54111523456789',
      '+541123456789',
      '541123456789',
      '+5491123456789',
      '5491123456789',
    ],
  ],
  [
    '0054 9 2964 15 123456',
    [
      '0054 9 2964 15 123456',
      '+549296415123456',
      '549296415123456',
      '+542964123456',
      '542964123456',
      '+5492964123456',
      '5492964123456',
      '00549296415123456',
    ],
  ],
  ['+54 351 15 1234567', expect.arrayContaining(['543511234567', '5493511234567'])],
  ['+54111623456789', ['+54111623456789', '54111623456789']],
  // Mexico
  ['5215512345678', ['5215512345678', '+5215512345678', '+525512345678', '525512345678']],
  ['+525512345678', ['+525512345678', '525512345678', '+5215512345678', '5215512345678']],
  ['+5225512345678', ['+5225512345678', '5225512345678']],
  // No numbers
  ['12345', ['12345']],
  ['john.doe.123456', ['john.doe.123456']],
  ['393331234567@c.us', ['393331234567@c.us']],
  ['US.13491208655302741918', ['US.13491208655302741918']],
  ['Анна 1234567', ['Анна 1234567']],
  ['', ['']],
])('%j is looked up as %j', (identifier, expected) => {
  expect(phoneForms(identifier)).toEqual(expected)
})

test('any identifier has 1 to 8 different forms, of which the first is as given', () => {
  const anyNumber = fc
    .tuple(
      fc.constantFrom('', '+', '00', '+00', '55', '54', '549', '52', '521'),
      fc.stringMatching(/^[\d .-]{0,18}$/),
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(anyNumber, fc.string({ unit: 'grapheme' })), (identifier) => {
      const forms = phoneForms(identifier)
      expect(forms[0]).toBe(identifier)
      expect(new Set(forms).size).toBe(forms.length)
      expect(forms.length).toBeLessThanOrEqual(8)
    }),
  )
})

test('255 digits have two forms', () => {
  const digits = '5'.repeat(255)
  expect(phoneForms(digits)).toEqual([digits, `+${digits}`])
})

test.each<[string, string, boolean | null]>([
  ['+39 333 123 4567', '393331234567', true],
  ['+39 333 123 4567', '39 333 1234-567', true],
  ['5531987654321', '553187654321', true],
  ['+54 11 15 2345 6789', '5491123456789', true],
  ['393331234567', '393331234568', false],
  ['1234567', '0234567', true],
  ['12345', '12345', null],
  ['393331234567', '34567', null],
  ['34567', '393331234567', null],
  ['US.13491208655302741918', '393331234567', null],
  ['393331234567', '', null],
])('%j and %j are the same number: %j', (a, b, expected) => {
  expect(sameNumber(a, b)).toBe(expected)
  expect(sameNumber(b, a)).toBe(expected)
})

const identity = (identifier: string, others: Partial<NewContact> = {}): string =>
  identityOf({ source: 'whatsapp', identifier, ...others })

test.each([
  [['+39 333 123 4567', '393331234567', '0039-333-1234567', '\u202A+39 333 1234567\u202C']],
  [['5531987654321', '+55 31 8765-4321', '0055 31 98765 4321']],
  [['5491123456789', '541123456789', '+54 11 15 2345 6789', '+54 9 11 15 2345-6789']],
  [['5215512345678', '+52 55 1234 5678']],
  // A trunk zero, an international prefix, no country code: it is unknown which of them Callbell stores.
  [['+44 20 7946 0958', '+44 (0)20 7946 0958', '020 7946 0958', '011 44 20 7946 0958']],
  [['Jos\u00E9', 'Jose\u0301']],
])('%j have one identity', (spellings) => {
  expect(new Set(spellings.map((spelling) => identity(spelling))).size).toBe(1)
})

test('a channel is not part of an identity, because the default is the main one', () => {
  const identities = [undefined, 'c', 'd'].map((channelUuid) => identity('393331234567', { channelUuid }))
  expect(new Set(identities).size).toBe(1)
})

test.each([
  ['+39 333 123-4567', 'plus'],
  ['0039.333.1234567', 'zeros'],
  [' 39 (333) 1234567 ', 'digits'],
  ['+44 (0)20 7946 0958', null],
  ['whatsapp:+393331234567', null],
  ['39 333 1234567 ext. 1', null],
  ['12345', null],
  ['', null],
])('%j has the shape %j', (identifier, shape) => {
  expect(shapeOf(identifier)).toBe(shape)
})

test('different numbers and sources have different identities', () => {
  const identities = [
    identity('393331234567'),
    identity('393331234568'),
    identity('393331234567', { source: 'telegram' }),
    // Only the identifiers of WhatsApp are numbers. Others are compared unchanged.
    identity('+393331234567', { source: 'telegram' }),
    identity('5531987654321', { source: 'facebook' }),
    identity('553187654321', { source: 'facebook' }),
    identity('12345'),
    identity('+12345'),
  ]
  expect(new Set(identities).size).toBe(identities.length)
})
