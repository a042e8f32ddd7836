import { expect, test } from 'vitest'
import { CallbellClock } from '../../../src/callbell/callbell-clock.ts'
import type { Moment } from '../../../src/domain/moment.ts'

const epochMs = Date.parse('2026-11-25T10:00:00Z')
/** The gateway's wall clock is an hour wrong, and nothing depends on it. */
const at = (monotonicMs: number, wallShiftMs = 0): Moment => ({
  monotonicMs,
  wallMs: epochMs + 3_600_000 + monotonicMs + wallShiftMs,
})
const dateAt = (ms: number): string => new Date(epochMs + ms).toUTCString()

test('without an answer, Callbell’s time is unknown', () => {
  expect(new CallbellClock().timeAt(at(0))).toBeNull()
})

test('an answer gives a lower bound, before and after it', () => {
  const clock = new CallbellClock()
  clock.observe(dateAt(5000), 1000, () => at(1000))
  expect([clock.timeAt(at(1000)), clock.timeAt(at(0)), clock.timeAt(at(2500))]).toEqual([
    epochMs + 5000,
    epochMs + 4000,
    epochMs + 6500,
  ])
})

test('of several answers, the greatest lower bound is used', () => {
  const clock = new CallbellClock()
  // It took 900 ms, and its Date was written at the end of the second.
  clock.observe(dateAt(5000), 1900, () => at(1900))
  clock.observe(dateAt(6000), 2000, () => at(2000))
  clock.observe(dateAt(7000), 3900, () => at(3900))
  expect(clock.timeAt(at(2000))).toBe(epochMs + 6000)
})

test.each([undefined, '', 'yesterday', ['a', 'b']])('the date %j is ignored', (date) => {
  const clock = new CallbellClock()
  clock.observe(date, 0, () => at(0))
  expect(clock.timeAt(at(0))).toBeNull()
})

test.each([
  ['the wall clock was set back', at(2000, -1500)],
  ['the machine was suspended, or its wall clock set ahead', at(2000, 1500)],
  ['the answer is ten minutes old', at(601_000)],
])('the time is unknown where %s', (_what, moment) => {
  const clock = new CallbellClock()
  clock.observe(dateAt(5000), 1000, () => at(1000))
  expect(clock.timeAt(moment)).toBeNull()
})

test('after the wall clock was set, the next answer is used, even if its bound is smaller', () => {
  const clock = new CallbellClock()
  clock.observe(dateAt(9000), 1000, () => at(1000))
  clock.observe(dateAt(5000), 2000, () => at(2000, 60_000))
  expect(clock.timeAt(at(2000, 60_000))).toBe(epochMs + 5000)
})

test('an answer that took more than two seconds is ignored', () => {
  const clock = new CallbellClock()
  clock.observe(dateAt(5000), 0, () => at(2001))
  expect(clock.timeAt(at(2001))).toBeNull()
  clock.observe(dateAt(5000), 1, () => at(2001))
  expect(clock.timeAt(at(2001))).toBe(epochMs + 5000)
})
