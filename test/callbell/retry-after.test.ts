import { expect, test } from 'vitest'
import { parseRetryAfter } from '../../src/callbell/retry-after.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

test.each<[string | undefined, number | undefined]>([
  ['0', 0],
  ['3', 3000],
  ['3600', 60_000],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
  ['Thu, 01 Jan 2026 01:00:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
  ['Xyz, 99 Foo 2026 00:00:05 GMT', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j is %j milliseconds', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected)
})
