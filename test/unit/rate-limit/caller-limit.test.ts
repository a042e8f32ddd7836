import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { CallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import { createCallerLimit } from '../../../src/rate-limit/caller-limit.ts'

/** Ten calls a second, twenty in a bucket, and a clock that stands still. */
function openLimit(): CallerLimit {
  vi.useFakeTimers({ toFake: ['performance'] })
  return createCallerLimit({ callsPerSecond: 10 })
}

/** @returns the tokens in a bucket, which does not change */
async function levelOf(limit: CallerLimit, bucket: string): Promise<number> {
  let level = 0
  while ((await limit.take(bucket, 1)) === 0) level += 1
  await limit.settle(bucket, -level)
  return level
}

describe('in memory', () => {
  afterEach(() => void vi.useRealTimers())

  test('ten calls cost ten', async () => {
    const limit = openLimit()
    expect(await levelOf(limit, 'a')).toBe(20)
    expect(await limit.take('a', 10)).toBe(0)
    expect(await levelOf(limit, 'a')).toBe(10)
  })

  test('a refused operation takes nothing, and gets the time until there is enough', async () => {
    const limit = openLimit()
    await limit.take('a', 15)
    expect(await limit.take('a', 8)).toBe(300)
    expect(await levelOf(limit, 'a')).toBe(5)
    vi.advanceTimersByTime(299)
    expect(await limit.take('a', 8)).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await limit.take('a', 8)).toBe(0)
    expect(await levelOf(limit, 'a')).toBe(0)
  })

  test('a bucket is refilled evenly, up to its capacity', async () => {
    const limit = openLimit()
    await limit.take('a', 20)
    vi.advanceTimersByTime(750)
    expect(await levelOf(limit, 'a')).toBe(7)
    vi.advanceTimersByTime(3_600_000)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('an operation above the capacity is never available', async () => {
    const limit = openLimit()
    expect(await limit.take('a', 21)).toBe(Infinity)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('additional calls make a debt of at most one full bucket', async () => {
    const limit = openLimit()
    await limit.take('a', 18)
    await limit.settle('a', 5)
    expect(await limit.take('a', 1)).toBe(400)
    await limit.settle('a', 1000)
    expect(await limit.take('a', 1)).toBe(2100)
  })

  test('unused calls are refunded, up to a full bucket', async () => {
    const limit = openLimit()
    await limit.take('a', 10)
    await limit.settle('a', -4)
    expect(await levelOf(limit, 'a')).toBe(14)
    await limit.settle('a', -1000)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('an operation without calls is accepted with any debt', async () => {
    const limit = openLimit()
    await limit.settle('a', 30)
    expect(await limit.take('a', 0)).toBe(0)
  })

  test('each caller has its own bucket', async () => {
    const limit = openLimit()
    await limit.take('a', 20)
    expect(await levelOf(limit, 'b')).toBe(20)
  })

  test('0 calls per second mean no limit', async () => {
    const limit = createCallerLimit({ callsPerSecond: 0 })
    expect(await limit.take('a', 1_000_000)).toBe(0)
    await limit.settle('a', 1_000_000)
    expect(await limit.take('a', 1_000_000)).toBe(0)
  })
})

test('while one call probes an unreachable store, the others do not wait', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const requests: PromiseWithResolvers<number>[] = []
  const takeTokens = (): Promise<number> => {
    const answer = Promise.withResolvers<number>()
    requests.push(answer)
    return answer.promise
  }
  const limit = createCallerLimit({ callsPerSecond: 10, takeTokens })
  const first = limit.take('a', 5)
  requests[0]?.reject(new Error('away'))
  expect(await first).toBe(0)
  vi.advanceTimersByTime(999)
  expect(await limit.take('a', 5)).toBe(0)
  expect(requests).toHaveLength(1)
  vi.advanceTimersByTime(1)
  const second = limit.take('a', 5)
  expect(await limit.take('a', 5)).toBe(0)
  expect(requests).toHaveLength(2)
  requests[1]?.resolve(7)
  expect(await second).toBe(7)
  const third = limit.take('a', 5)
  requests[2]?.resolve(8)
  expect(await third).toBe(8)
})
