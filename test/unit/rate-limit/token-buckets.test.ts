import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBuckets } from '../../../src/rate-limit/token-buckets.ts'

test('a hundred thousand buckets do not stay in memory', () => {
  const buckets = new TokenBuckets(10, 20)
  for (let caller = 0; caller < 100_000; caller += 1) buckets.take(`caller ${caller}`, 20, 'IF_AVAILABLE', 0)
  expect(buckets.size).toBe(100_000)
  // They are full again, so removing them changes nothing.
  expect(buckets.take('caller 0', 20, 'IF_AVAILABLE', 2000)).toBe(0)
  expect(buckets.size).toBe(1)
})

test('a bucket that is not full stays in memory', () => {
  const buckets = new TokenBuckets(10, 20)
  for (let caller = 0; caller < 2000; caller += 1) buckets.take(`caller ${caller}`, 10, 'IF_AVAILABLE', 0)
  buckets.take('busy', 20, 'IF_AVAILABLE', 0)
  buckets.take('another', 1, 'IF_AVAILABLE', 1000)
  expect(buckets.size).toBe(2)
  expect(buckets.take('busy', 20, 'IF_AVAILABLE', 1000)).toBe(1000)
})

test('no schedule gets more than a full bucket and its refill, and reported waits are exact', () => {
  const takes = fc.array(fc.record({ afterMs: fc.nat(3000), percent: fc.integer({ min: 1, max: 100 }) }))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), takes, (perSecond, schedule) => {
      const capacity = 2 * perSecond
      const buckets = new TokenBuckets(perSecond, capacity)
      const granted: { at: number; tokens: number }[] = []
      let now = 0
      for (const { afterMs, percent } of schedule) {
        now += afterMs
        const tokens = Math.ceil((capacity * percent) / 100)
        const waitMs = buckets.take('a', tokens, 'IF_AVAILABLE', now)
        if (waitMs > 0) {
          now += waitMs
          expect(buckets.take('a', tokens, 'IF_AVAILABLE', now - 1)).toBe(1)
          expect(buckets.take('a', tokens, 'IF_AVAILABLE', now)).toBe(0)
        }
        granted.push({ at: now, tokens })
      }
      for (const [first, { at: start }] of granted.entries()) {
        let sum = 0
        for (const { at, tokens } of granted.slice(first)) {
          sum += tokens
          expect(sum).toBeLessThanOrEqual(capacity + (perSecond * (at - start)) / 1000)
        }
      }
    }),
  )
})
