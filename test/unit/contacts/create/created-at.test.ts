import { expect, test } from 'vitest'
import { isLongBefore, isSince } from '../../../../src/contacts/create/created-at.ts'

const sentAt = Date.parse('2026-01-01T12:00:00.700Z')

test.each([
  // Callbell writes whole seconds.
  ['2026-01-01T12:00:01Z', true, false],
  ['2026-01-01T12:00:00Z', true, false],
  ['2026-01-01T11:59:59Z', false, false],
  // Within a minute, the clocks of Callbell and of a proxy may differ.
  ['2026-01-01T11:59:00.700Z', false, false],
  ['2026-01-01T11:59:00.699Z', false, true],
  [null, false, false],
])('a contact created at %s is since the request: %j; long before it: %j', (createdAt, since, before) => {
  expect([isSince(createdAt, sentAt), isLongBefore(createdAt, sentAt)]).toEqual([since, before])
})
