import { randomUUID } from 'node:crypto'
import { createClient } from '@redis/client'
import pino from 'pino'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { CallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import { createCallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import type { Store } from '../../../src/store/store.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore } from '../../support/stores.ts'

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

/** With Redis' clock time goes on: asking for a full bucket, two seconds' worth, leaves room for that. */
const callsPerSecond = 100
const full = 200

async function openStore(redis: RedisServer): Promise<Store> {
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  return store
}

/** To see and change what is in Redis. */
async function openClient(redis: RedisServer) {
  const client = await createClient({ url: redis.url }).connect()
  onTestFinished(() => client.close())
  return client
}

async function openReplicas(redis: RedisServer): Promise<[CallerLimit, CallerLimit]> {
  const open = async (): Promise<CallerLimit> =>
    createCallerLimit({ callsPerSecond, takeTokens: (await openStore(redis)).takeTokens })
  return [await open(), await open()]
}

describe.runIf(hasRedis)('on one Redis', () => {
  test('replicas share a bucket', async () => {
    const [one, another] = await openReplicas(await startRedis())
    expect([await one.take('a', 150), await another.take('a', 50)]).toEqual([0, 0])
    const waitMs = await one.take('a', full)
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(2000)
    expect(await one.take('b', full)).toBe(0)
  })

  test('what is owed and given back counts for all, within a bucket on both sides', async () => {
    const [one, another] = await openReplicas(await startRedis())
    await one.settle('a', 1000)
    const waitMs = await another.take('a', full)
    expect(waitMs).toBeGreaterThan(2000)
    expect(waitMs).toBeLessThanOrEqual(4000)
    await one.settle('a', -1000)
    expect(await another.take('a', full)).toBe(0)
    expect(await one.take('a', full)).toBeGreaterThan(0)
  })

  test('a bucket that is full again is forgotten', async () => {
    const redis = await startRedis()
    const [limit] = await openReplicas(redis)
    const client = await openClient(redis)
    await limit.take('a', full)
    const buckets = (): Promise<string[]> => client.keys('*:tokens:*')
    expect(await buckets()).toHaveLength(1)
    await expect.poll(buckets).toEqual([])
    await limit.settle('a', -full)
    await expect.poll(buckets).toEqual([])
  })

  test('a Redis whose clock is set back locks nobody out', async () => {
    const redis = await startRedis()
    const [limit] = await openReplicas(redis)
    const client = await openClient(redis)
    await limit.take('a', full)
    const [key = ''] = await client.keys('*:tokens:*')
    await client.incrBy(key, 3_600_000_000)
    expect(await limit.take('a', full)).toBe(0)
    expect(await limit.take('a', full)).toBeGreaterThan(0)
  })

  test('a bucket’s name is any text', async () => {
    const [one, another] = await openReplicas(await startRedis())
    const names = ['', '\u0000', "k'; --\n", '“Ünï” 😀', 'a'.repeat(100_000)]
    const take = (limit: CallerLimit) => Promise.all(names.map(async (name) => limit.take(name, full)))
    expect(await take(one)).toEqual(names.map(() => 0))
    expect((await take(another)).every((waitMs) => waitMs > 0)).toBe(true)
  })

  test('with Redis killed each replica goes by its own buckets, and shares them again when it is back', async () => {
    const redis = await startRedis()
    const [one, another] = await openReplicas(redis)
    const areShared = async (): Promise<boolean> => {
      const bucket = randomUUID()
      await one.take(bucket, full)
      return (await another.take(bucket, full)) > 0
    }
    expect(await areShared()).toBe(true)
    await redis.kill()
    expect(await areShared()).toBe(false)
    expect([await one.take('a', full), await another.take('a', full)]).toEqual([0, 0])
    expect(await one.take('a', full)).toBeGreaterThan(0)
    await one.settle('a', -full)
    expect(await one.take('a', full)).toBe(0)
    await redis.start()
    await expect.poll(areShared).toBe(true)
  })

  test('a Redis that hangs is waited for once, and told of once', async () => {
    const redis = await startRedis()
    const lines: unknown[] = []
    const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
    const { takeTokens } = await openStore(redis)
    const limit = createCallerLimit({ callsPerSecond, takeTokens, log })
    redis.hang()
    expect(await Promise.all([limit.take('a', 50), limit.take('a', 50)])).toEqual([0, 0])
    const start = performance.now()
    expect(await limit.take('a', 50)).toBe(0)
    expect(performance.now() - start).toBeLessThan(500)
    expect(lines).toEqual([
      {
        level: 40,
        reason: 'NoReplyError: Redis did not reply within 1000 ms',
        msg: 'The store is unreachable: this replica limits callers by its own buckets',
      },
    ])
  })
})
