import { expect, test } from 'vitest'
import { retryAfterUnknown } from '../../../../src/contacts/create/key-failures.ts'

test.each([
  // At first after five seconds, then after as long as has passed, and not later than it may be sent again.
  [0, 5000],
  [20_000, 20_000],
  [40_000, 20_000],
  [59_500, 1000],
  // Then lookups are not known to work.
  [60_000, 5000],
])('%i ms after an unknown outcome, a repeat makes sense after %i ms', (sinceMs, retryAfterMs) => {
  expect(retryAfterUnknown(sinceMs, 60_000)).toBe(retryAfterMs)
})
