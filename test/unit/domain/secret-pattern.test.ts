import { expect, test } from 'vitest'
import { secretPattern } from '../../../src/domain/secret-pattern.ts'

/** Every character that is special in a pattern, and two that base64 writes in two ways. */
const token = 'k9.Zq(x|[Tr+/}$^\\~?>w*=)]{-Lm7'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test.each<[string, string, string]>([
  ['as it is', `a ${token} b`, 'a * b'],
  ['twice', `${token}, ${token}`, '*, *'],
  ['in another case', `a ${token.toUpperCase()} b`, 'a * b'],
  ['percent-encoded', `a ${encodeURIComponent(token)} b`, 'a * b'],
  ['with every character percent-encoded', `a ${percentEncoded(token)} b`, 'a * b'],
  ['percent-encoded in lower case', `a ${percentEncoded(token).toLowerCase()} b`, 'a * b'],
  ['in base64', `a ${base64(token)} b`, 'a * b'],
  ['in base64url', `a ${Buffer.from(token).toString('base64url')} b`, 'a * b'],
  ['in base64, after one character', base64(`:${token}`), 'Om*w=='],
  ['in base64, after two characters', base64(`::${token}`), 'Ojp*c='],
  ['in base64, after a user’s name', `Basic ${base64(`user:${token}`)}`, 'Basic dXNlcjp*c='],
  ['its beginning', `a ${token.slice(0, 8)}BcD b`, 'a * b'],
  ['its end', `a BcD${token.slice(-8)} b`, 'a * b'],
  ['seven of its first characters', `a ${token.slice(0, 7)} b`, `a ${token.slice(0, 7)} b`],
  ['seven of its last characters', `a ${token.slice(-7)} b`, `a ${token.slice(-7)} b`],
  ['its middle', `a ${token.slice(9, 24)} b`, `a ${token.slice(9, 24)} b`],
  ['something else', 'Vía Roma 1, 20121 Milano', 'Vía Roma 1, 20121 Milano'],
])('a secret is found %s', (_how, text, expected) => {
  expect(text.replaceAll(secretPattern(token), '*')).toBe(expected)
})

function percentEncoded(text: string): string {
  return Buffer.from(text).toString('hex').replaceAll(/../g, '%$&').toUpperCase()
}

test.each([
  ['t', 'to a T, or %74', 'to a *, or *'],
  ['$$-pa', '($$-pa) $$-paper', '(*) $$-paper'],
  ['fifteen-letters', 'fifteen-letters fifteen- -letters', '* fifteen- -letters'],
  ['sixteen-letters.', 'sixteen-letters. sixteen- letters.', '* * *'],
  ['pässwörd', 'pässwörd P%C3%A4sswörd', '* *'],
])('%s, which is short, is found whole only', (secret, text, expected) => {
  expect(text.replaceAll(secretPattern(secret), '*')).toBe(expected)
})

test.each(['k9.Zq(x%2f=', 'aB9.'])('a megabyte of %s is searched in linear time', (piece) => {
  const text = piece.repeat(1_000_000 / piece.length)
  expect(text.replaceAll(secretPattern(token), '*')).toBe(text)
})
