import { expect, test } from 'vitest'
import { retryAfterUnknown } from '../../../../src/contacts/create/key-failures.ts'

test.each([
  // First after five seconds, then after the time that has passed, and at the latest at the end of the quiet period.
  [0, 5000],
  [20_000, 20_000],
  [40_000, 20_000],
  [59_500, 1000],
  // After the quiet period, lookups have not been proved.
  [60_000, 5000],
])('%i ms after an UNKNOWN outcome, retryAfterMs is %i', (sinceMs, retryAfterMs) => {
  expect(retryAfterUnknown(sinceMs, 60_000)).toBe(retryAfterMs)
})
