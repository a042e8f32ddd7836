import { expect, test } from 'vitest'
import { createSerializer } from '../../../src/telemetry/serialize.ts'

const secret = 'sentinel-b2f1c0de'
const { value: redact } = createSerializer([secret, 'pa$$'])
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'

test.each<[string, string]>([
  // Secrets.
  [`token ${secret}, pa$$`, 'token [redacted], [redacted]'],
  [`Basic ${btoa(`x:${secret}`)}`, 'Basic eDp[redacted]Q=='],
  [`/contacts/${secret.slice(0, 12)}`, '/contacts/[redacted]'],
  [`a ${jwt}: expired`, 'a [redacted]: expired'],
  [`a ${jwt.replace(/[^.]+$/, '')}`, 'a [redacted]'],
  ['Bearer abc.def/g+h== and more', 'Bearer [redacted] and more'],
  ['{"a":"bearer%20abc","b":1}', '{"a":"bearer [redacted]","b":1}'],
  ['GET /\nAuthorization: Digest x="y", z', 'GET / Authorization: [redacted]'],
  ["{ 'x-api-key': 'k', 'x-other': 'o' }", "{ 'x-api-key': [redacted]"],
  ["['x-api-key', 'k']", "['x-api-key', [redacted]"],
  ['Set-Cookie: a=b; c=d', 'Set-Cookie: [redacted]'],
  ['connect redis://:hunter2@redis:6379/0', 'connect redis://[redacted]@redis:6379/0'],
  // E-mail addresses.
  ['to giulia.bianchi+x@example.co.uk, who', 'to [redacted], who'],
  ['<jürgen@bücher.example>', '<[redacted]>'],
  ['/users/ada%40example.com/1', '/users/[redacted]/1'],
  // Phone numbers.
  ['+39 333 123 4567', '[redacted]'],
  ['call 3331234567.', 'call [redacted].'],
  ['+39 (02) 123-45-67, 8', '[redacted], 8'],
  ['(333) 123–4567', '([redacted]'],
  ['tel:+393331234567', 'tel:[redacted]'],
  ['"1234567"', '"[redacted]"'],
  ['/contacts/phone/%2B39%20333%201234567?channel_uuid=c', '/contacts/phone/[redacted]?channel_uuid=c'],
  ['٣٣٣١٢٣٤٥٦٧', '[redacted]'],
  // Messages that quote a value.
  [
    'String cannot represent value: { name: "Giulia",\n note: "x" }',
    'String cannot represent value: [redacted]',
  ],
  [
    'Enum "ContactSource" cannot represent value: "Giulia"',
    'Enum "ContactSource" cannot represent value: [redacted]',
  ],
  ['Int cannot represent non-integer value: "Giulia"', 'Int cannot represent non-integer value: [redacted]'],
  ['Expected value of type "Contact" but got: { name: "G" }.', 'Expected value of type "Contact" [redacted]'],
  ['Expected value of type "ID!", found { n: "G" }.', 'Expected value of type "ID!" [redacted]'],
  [
    'Variable "$input" got invalid value "Giulia"; Expected',
    'Variable "$input" got invalid value [redacted]',
  ],
  ['Expected `ID.serialize({ n: "G" })` to return', 'Expected `ID.serialize( [redacted]'],
  [
    'must resolve to an Object type with value { n: "G" }, received "x".',
    'must resolve to an Object type with value [redacted]',
  ],
  ['Syntax Error: Expected Name, found String "Giulia".', 'Syntax Error: [redacted]'],
  ['Unexpected error value: { name: "Giulia" }', 'Unexpected error value: [redacted]'],
  [
    'SyntaxError: Unexpected token \'G\', ..."name":Giulia"... is not valid JSON',
    'SyntaxError: [redacted] is not valid JSON',
  ],
  ['"Giulia" is not valid JSON', '[redacted] is not valid JSON'],
  ["Cannot create property 'x' on string 'Giulia'", 'Cannot create property [redacted]'],
  [
    "Cannot use 'in' operator to search for 'x' in Giulia",
    "Cannot use 'in' operator to search for [redacted]",
  ],
  ['Cannot convert Giulia to a BigInt', 'Cannot convert [redacted]'],
  ['must be of type string. Received type number (1)', 'must be of type string. Received [redacted]'],
  [
    "ERR unknown command 'X', with args beginning with: 'Giulia'",
    "ERR unknown command 'X', with args beginning with: [redacted]",
  ],
])('%j is redacted', (text, expected) => {
  expect(redact(text)).toBe(expected)
  expect(redact(expected), 'redacting is idempotent').toBe(expected)
})

test.each([
  'listening on http://127.0.0.1:54321/graphql (open it in a browser for GraphiQL)',
  'connect ECONNREFUSED 10.0.0.100:6379',
  'listen EADDRINUSE: address already in use ::1:54321',
  '[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:4000',
  '2026-11-23T21:20:31.898Z',
  '2026-11-23 21:20:31 +0100',
  '2026-11-23',
  '6e1d0a52-9b5c-4a3e-8f59-0d2f6b0c2a11',
  '12345678-1234-4234-8234-123456789012',
  'a2345678-1234-4234-8234-123456789012',
  '414a6d692bd645ed803f2e7ce360d4c8',
  '1234567890abcdef1234567890abcdef12345678',
  'took 1234567.89 ms, 0.123456789 of it waiting',
  'Callbell answered 503 after 123456 ms, in 3 attempts',
  'contacts.customFields.0.value',
  '    at create (file:///app/src/contacts/create/create-contact.ts:123:45)',
  'npm error graphql@16.15.0 and @graphql-yoga/render-graphiql@5.24.1',
  'Callbell rejected the gateway’s API token',
  'the answer did not decode: NOT_JSON',
  'Cannot return null for non-nullable field Contact.uuid.',
])('a string that only resembles a secret is kept: %s', (text) => {
  expect(redact(text)).toBe(text)
})

test('the value of a hidden key is redacted at every depth', () => {
  const hidden = {
    Authorization: 'x',
    'x-api-key': ['x'],
    set_cookie: 1,
    token: null,
    name: 'Giulia',
    phoneNumber: 39,
    identifier: 'x',
    assignedUser: 'x',
    note: 'x',
    text: 'x',
    tags: ['VIP'],
    customFields: [{ name: 'Age', value: '42' }],
    values: { a: 1 },
    input: { source: 'WHATSAPP' },
    variables: {},
    query: '{ a }',
    body: 'x',
  }
  const expected = Object.fromEntries(Object.keys(hidden).map((key) => [key, '[redacted]']))
  expect(redact(hidden)).toEqual(expected)
  expect(redact({ a: [{ b: hidden }] })).toEqual({ a: [{ b: expected }] })
})

test('fields that operators need are kept', () => {
  const line = {
    level: 'warn',
    time: '2026-11-23T21:20:31.898Z',
    requestId: '+39 333 123 4567',
    caller: 'jwt:ada@example.com',
    code: 'CALLBELL_TIMEOUT',
    outcome: 'UNKNOWN',
    retryable: false,
    retryAfterMs: 1_790_000_000_000,
    attempts: 1,
    progress: 'sent',
    status: 500,
    reason: 'Callbell answered 500',
    paths: ['contact.name', 'contact.customFields.0'],
    err: {
      type: 'TypeError',
      message: 'x is not a function',
      stack: '    at f (/app/x.ts:1:2)',
      code: 'ERR_X',
    },
    none: null,
    msg: 'a call failed',
  }
  expect(redact(line)).toEqual(line)
})

test.each<[string, string, string]>([
  ['a line feed', 'a\nb', 'a b'],
  ['a carriage return', 'a\r\nb', 'a  b'],
  ['a null byte', 'a\u0000b', 'a b'],
  ['an escape sequence for terminals', 'a\u001B[31mb', 'a [31mb'],
  ['an escape sequence with a C1 character', 'a\u009B31mb', 'a 31mb'],
  ['a deletion', 'a\u007Fb', 'a b'],
  ['a line separator', 'a\u2028b', 'a b'],
  ['a paragraph separator', 'a\u2029b', 'a b'],
  ['a bidi override', 'a\u202Eb\u202C', 'ab'],
  ['a bidi isolate', 'a\u2066b\u2069', 'ab'],
  ['a zero-width space', 'a\u200Bb', 'ab'],
  ['a byte order mark', '\uFEFFab', 'ab'],
  ['a soft hyphen', 'a\u00ADb', 'ab'],
  ['invisible tags', 'a\u{E0041}b', 'ab'],
])('%s is removed from values and keys', (_what, text, expected) => {
  const long = 'x'.repeat(200)
  expect(
    redact({ msg: text, long: `${text}${long}`, [text]: [text], requestId: text, err: { message: text } }),
  ).toEqual({
    msg: expected,
    long: `${expected}${long}`,
    [expected]: [expected],
    requestId: expected,
    err: { message: expected },
  })
})

test('a stack keeps its line feeds, and no other control characters', () => {
  expect(redact({ err: { stack: '    at f\n    at \u001B[31mg\u2028\r' } })).toEqual({
    err: { stack: '    at f\n    at  [31mg ' },
  })
})

test('invisible characters hide nothing from the patterns', () => {
  expect(
    redact({
      a: 'giu\u200Blia@exam\u00ADple.com',
      b: '+39\u00AD333\u200B1234567',
      c: 'Bea\u202Erer abc',
      d: `${secret.slice(0, 4)}\u200B${secret.slice(4)}`,
      'no\u200Bte': 'x',
    }),
  ).toEqual({ a: '[redacted]', b: '[redacted]', c: 'Bearer [redacted]', d: '[redacted]', note: '[redacted]' })
})

test('a header ends with its line', () => {
  expect(redact('GET /\r\nAuthorization: Digest x="y", z\r\nhost: h')).toBe(
    'GET /  Authorization: [redacted] host: h',
  )
})

test('an identifier or a key contains no secret either', () => {
  expect(redact({ requestId: `x-${secret}`, caller: jwt, [secret]: 1 })).toEqual({
    requestId: '[redacted]',
    caller: '[redacted]',
    '[redacted]': 1,
  })
})

test('a string is cut at 2,000 characters, in bounded time', () => {
  expect(redact('é'.repeat(2000))).toBe('é'.repeat(2000))
  expect(redact('é'.repeat(2001))).toBe(`${'é'.repeat(1999)}…`)
  expect(redact(`${'a '.repeat(990)} giulia@${'example.'.repeat(9)}com`)).toBe(
    `${'a '.repeat(990)} [redacted]`,
  )
  const before = process.threadCpuUsage()
  for (const piece of [
    'a',
    '1',
    'eyJ',
    'a@',
    '1 ',
    '-',
    'a.',
    'cannot represent ',
    '"',
    secret.slice(0, 7),
  ]) {
    redact(piece.repeat(1_000_000))
  }
  // The CPU time of this thread, so that a busy machine does not count.
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(5000)
})
