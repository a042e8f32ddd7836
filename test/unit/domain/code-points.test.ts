import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countCodePoints, cutText, isLongerThan } from '../../../src/domain/code-points.ts'
import { arbitraryText } from '../../support/arbitrary-text.ts'

const emoji = '😀'

test.each<[string, number]>([
  ['', 0],
  ['abc', 3],
  ['è', 1],
  [emoji, 1],
  [`a${emoji}b`, 3],
  ['\uD83D', 1],
])('%j has %i code points', (text, count) => {
  expect(countCodePoints(text)).toBe(count)
})

test.each<[string, number, string]>([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  [emoji.repeat(3), 3, emoji.repeat(3)],
  [emoji.repeat(4), 3, `${emoji.repeat(2)}…`],
  [`ab${emoji}c`, 3, 'ab…'],
  [`ab${emoji}`, 3, `ab${emoji}`],
])('%j cut to %i is %j', (text, limit, expected) => {
  expect(cutText(text, limit)).toBe(expected)
})

test('lengths are compared in code points, and a cut string is well-formed and short enough', () => {
  fc.assert(
    fc.property(arbitraryText(), fc.integer({ min: 1, max: 12 }), (text, limit) => {
      const count = Array.from(text).length
      expect(countCodePoints(text)).toBe(count)
      expect(isLongerThan(text, limit)).toBe(count > limit)
      const cut = cutText(text, limit)
      expect(cut.isWellFormed()).toBe(true)
      expect(Array.from(cut)).toHaveLength(Math.min(count, limit))
    }),
  )
})
