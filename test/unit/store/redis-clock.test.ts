/** Redis's clock as a process sees it. Ours is in milliseconds, Redis's in microseconds. */
import { expect, test } from 'vitest'
import { RedisClock } from '../../../src/store/redis-clock.ts'

/** Redis's clock at our 0. */
const ahead = 1_790_000_000_000
const redisAt = (ours: number, setForwardMs = 0): number => (ahead + ours + setForwardMs) * 1000

/** A process that had its first reply at 1000, a millisecond after it asked. */
function openClock(): RedisClock {
  const clock = new RedisClock()
  expect(clock.observe(redisAt(999.5), 999, 1000)).toBe(0)
  return clock
}

test('an age is trusted as far as the process has seen the clock run', () => {
  const clock = openClock()
  expect(clock.trusted(60_000, 1000)).toBe(0)
  expect(clock.trusted(60_000, 31_000)).toBe(30_000)
  expect(clock.trusted(20_000, 31_000)).toBe(20_000)
  expect(clock.trusted(-5, 31_000)).toBe(0)
})

test('a clock that is set forward is noticed, beyond a second and the time of the reply', () => {
  const clock = openClock()
  expect(clock.observe(redisAt(5000, 900), 5000, 5000)).toBe(0)
  expect(clock.trusted(60_000, 31_000)).toBe(30_000)
  // It may be the reply that took its time.
  expect(clock.observe(redisAt(31_000, 2000), 31_000, 32_000)).toBe(0)
  expect(clock.observe(redisAt(33_000, 2000), 33_000, 33_010)).toBeCloseTo(1989.5, 0)
  expect(clock.trusted(60_000, 33_010)).toBe(0)
  expect(clock.trusted(60_000, 43_010)).toBe(10_000)
  // From here on that is its time.
  expect(clock.observe(redisAt(50_000, 2000), 50_000, 50_001)).toBe(0)
  expect(clock.trusted(60_000, 53_010)).toBe(20_000)
})

test('a clock that goes ahead slowly is noticed as well', () => {
  const clock = openClock()
  const noticed = Array.from({ length: 100 }, (_, minute) => {
    const ours = 1000 + minute * 60_000
    return clock.observe(redisAt(ours, minute * 25), ours, ours + 1) > 0 ? minute : []
  })
  expect(noticed.flat()).toEqual([41, 82])
})

test('a clock that is set back makes nothing older, and setting it right is noticed', () => {
  const clock = openClock()
  expect(clock.observe(redisAt(5000, -60_000), 4999, 5001)).toBe(0)
  expect(clock.trusted(3000, 5001)).toBe(3000)
  expect(clock.observe(redisAt(9000), 8999, 9001)).toBeCloseTo(60_000, -1)
  expect(clock.trusted(60_000, 9001)).toBe(0)
})

test('the latest time that Redis may have is bounded by the fastest reply', () => {
  const clock = openClock()
  expect(clock.latestAt(5000)).toBe(redisAt(5000.5))
  clock.observe(redisAt(6000), 5000, 7000)
  expect(clock.latestAt(8000)).toBe(redisAt(8000.5))
  clock.observe(redisAt(8000), 7999.9, 8000)
  expect(clock.latestAt(9000)).toBe(redisAt(9000.1))
  clock.reset(redisAt(9000, 700), 9000, 9001)
  expect(clock.latestAt(9000)).toBe(redisAt(9000, 700))
  expect(clock.trusted(60_000, 9002)).toBe(1)
})
