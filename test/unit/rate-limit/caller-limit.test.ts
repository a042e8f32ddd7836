import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { CallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import { createCallerLimit } from '../../../src/rate-limit/caller-limit.ts'

/** Ten calls a second, twenty in a bucket, and a clock that stands still. */
function openLimit(): CallerLimit {
  vi.useFakeTimers({ toFake: ['performance'] })
  return createCallerLimit({ callsPerSecond: 10 })
}

/** What is in a bucket. It is left as it was. */
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

  test('what is refused takes nothing, and is told when there is enough', async () => {
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

  test('a bucket fills evenly, and never over', async () => {
    const limit = openLimit()
    await limit.take('a', 20)
    vi.advanceTimersByTime(750)
    expect(await levelOf(limit, 'a')).toBe(7)
    vi.advanceTimersByTime(3_600_000)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('more than a full bucket never comes', async () => {
    const limit = openLimit()
    expect(await limit.take('a', 21)).toBe(Infinity)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('what was made beyond is owed, down to a whole bucket below zero', async () => {
    const limit = openLimit()
    await limit.take('a', 18)
    await limit.settle('a', 5)
    expect(await limit.take('a', 1)).toBe(400)
    await limit.settle('a', 1000)
    expect(await limit.take('a', 1)).toBe(2100)
  })

  test('what was not made is given back, up to a full bucket', async () => {
    const limit = openLimit()
    await limit.take('a', 10)
    await limit.settle('a', -4)
    expect(await levelOf(limit, 'a')).toBe(14)
    await limit.settle('a', -1000)
    expect(await levelOf(limit, 'a')).toBe(20)
  })

  test('what costs nothing passes, whatever is owed', async () => {
    const limit = openLimit()
    await limit.settle('a', 30)
    expect(await limit.take('a', 0)).toBe(0)
  })

  test('each bucket is its own', async () => {
    const limit = openLimit()
    await limit.take('a', 20)
    expect(await levelOf(limit, 'b')).toBe(20)
  })

  test('0 calls a second: no limit', async () => {
    const limit = createCallerLimit({ callsPerSecond: 0 })
    expect(await limit.take('a', 1_000_000)).toBe(0)
    await limit.settle('a', 1_000_000)
    expect(await limit.take('a', 1_000_000)).toBe(0)
  })
})

test('while one call finds out whether the store is back, the others do not wait', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const asked: PromiseWithResolvers<number>[] = []
  const takeTokens = (): Promise<number> => {
    const answer = Promise.withResolvers<number>()
    asked.push(answer)
    return answer.promise
  }
  const limit = createCallerLimit({ callsPerSecond: 10, takeTokens })
  const first = limit.take('a', 5)
  asked[0]?.reject(new Error('away'))
  expect(await first).toBe(0)
  vi.advanceTimersByTime(999)
  expect(await limit.take('a', 5)).toBe(0)
  expect(asked).toHaveLength(1)
  vi.advanceTimersByTime(1)
  const second = limit.take('a', 5)
  expect(await limit.take('a', 5)).toBe(0)
  expect(asked).toHaveLength(2)
  asked[1]?.resolve(7)
  expect(await second).toBe(7)
  const third = limit.take('a', 5)
  asked[2]?.resolve(8)
  expect(await third).toBe(8)
})
