import { expect, test } from 'vitest'
import { createSanitizer } from '../../../../src/callbell/codec/sanitize-upstream-text.ts'

const token = 'k9.Zq(x|[Tr+/}$^'
const sanitize = createSanitizer(token)

test.each<[string, string, string]>([
  ['plain text', 'name: must not be empty', 'name: must not be empty'],
  ['text around a token', `${token} is ${token}.`, '[token] is [token].'],
  ['another case', `a ${token.toLowerCase()} b`, 'a [token] b'],
  ['a URL', `/v1?token=${encodeURIComponent(token)}&a=b`, '/v1?token=[token]&a=b'],
  ['base64', `Basic ${btoa(token)}`, 'Basic [token]g=='],
  ['a beginning', `k9.Zq(x|[Tr… is no token`, '[token][Tr… is no token'],
  ['an end', `no …Tr+/}$^, no x|[Tr+/}$^`, 'no …Tr+/}$^, no x|[token]'],
  ['any bearer', 'Bearer abc.def is, "bearer%20xyz" not', 'Bearer [token] is, "bearer [token]" not'],
  ['a token as a bearer', `authorization: Bearer ${token}!`, 'authorization: Bearer [token]'],
  ['a token with invisible characters', `k9.Zq\u200B(x|[Tr\u00AD+/}$^ b`, '[token] b'],
  ['controls', ' a\u0000\u001B[31mb\r\n\u0085\u2028c\t', 'a [31mb c'],
  ['reversed text', 'a\u202Egnp.exe\u202C \u2066b\u2069\u200E\uFEFFc', 'agnp.exe bc'],
  ['hidden text', 'a\u{E0041}\u{E0042}b\u2060', 'ab'],
  ['emoji', '👩‍👧‍👦 ❤️ 🏳️‍🌈 🇮🇹 👍🏽', '👩‍👧‍👦 ❤️ 🏳️‍🌈 🇮🇹 👍🏽'],
  ['words of any script', 'è 名前 שם اسم', 'è 名前 שם اسم'],
  ['nothing', ' \u200B\n', ''],
  ['300 characters', '🙂'.repeat(300), '🙂'.repeat(300)],
  ['301 characters', '🙂'.repeat(301), `${'🙂'.repeat(299)}…`],
  ['a token across the limit', `${'a '.repeat(145)}${token} b`, `${'a '.repeat(145)}[token] b`],
])('%s is sanitized', (_what, words, expected) => {
  expect(sanitize(words)).toBe(expected)
})

test('only the beginning of a megabyte is searched', () => {
  expect(sanitize(`${'\u200B'.repeat(2999)}ab${'k9.Zq(x'.repeat(150_000)}`)).toBe('a')
})
