import { expect, test } from 'vitest'
import { isLeaseOver, readRecord, sinceAttempt } from '../../../../src/contacts/create/idempotency-record.ts'

const common = { fingerprint: 'f', notBefore: null, nonce: '' }
const running = {
  ...common,
  state: 'RUNNING',
  owner: 'o',
  token: 1,
  leaseMs: 5000,
  sinceAttemptMs: null,
} as const
const unknown = {
  ...common,
  state: 'UNKNOWN',
  code: 'CALLBELL_TIMEOUT',
  attempts: 1,
  sinceAttemptMs: 700,
} as const

test('the latest attempt of a call without a result ended with its lease, at the latest', () => {
  expect([0, 5000, 5001, 65_000].map((ageMs) => sinceAttempt(running, ageMs))).toEqual([0, 0, 1, 60_000])
  expect([0, 5000, 5001].map((ageMs) => isLeaseOver(running, ageMs))).toEqual([false, false, true])
})

test('the time since an attempt grows with the age of its record', () => {
  expect(sinceAttempt(unknown, 300)).toBe(1000)
  // A call that only verifies sends nothing.
  expect(sinceAttempt({ ...running, sinceAttemptMs: 700 }, 300)).toBe(1000)
})

test('records of an earlier version are read with safe defaults', () => {
  const old = { fingerprint: 'f', firstBegan: 1, lastBegan: 2 }
  expect(readRecord(JSON.stringify({ ...old, state: 'RUNNING', owner: 'o', leaseUntil: 3 }))).toEqual({
    ...common,
    state: 'RUNNING',
    owner: 'o',
    token: 0,
    leaseMs: 120_000,
    sinceAttemptMs: null,
  })
  expect(
    readRecord(JSON.stringify({ ...old, state: 'UNKNOWN', code: 'CALLBELL_TIMEOUT', attempts: 1 })),
  ).toEqual({ ...unknown, sinceAttemptMs: 0 })
})

test('a string that is not a valid record is refused', () => {
  expect(() => readRecord('{"state":"DONE"}')).toThrow('state')
  expect(() => readRecord('nothing')).toThrow('JSON')
})
