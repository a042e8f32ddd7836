/** Replicas that share the buckets of callers on one Redis. */
import { randomUUID } from 'node:crypto'
import { createClient } from '@redis/client'
import pino from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import { createCallerLimit } from '../../../src/rate-limit/caller-limit.ts'
import type { Store } from '../../../src/store/store.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { startStopwatch } from '../../support/stopwatch.ts'
import { openTestStore } from '../../support/stores.ts'

/** Redis's clock cannot be faked. A full bucket holds two seconds of calls, which allows for the time that passes. */
const callsPerSecond = 100
const full = 200

async function openStore(redis: RedisServer): Promise<Store> {
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  return store
}

/** A client that reads and changes the data of Redis. */
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

  test('debts and refunds count for all replicas, up to a full bucket each', async () => {
    const [one, another] = await openReplicas(await startRedis())
    await one.settle('a', 1000)
    const waitMs = await another.take('a', full)
    expect(waitMs).toBeGreaterThan(2000)
    expect(waitMs).toBeLessThanOrEqual(4000)
    await one.settle('a', -1000)
    expect(await another.take('a', full)).toBe(0)
    expect(await one.take('a', full)).toBeGreaterThan(0)
  })

  test('a bucket that is full again is removed', async () => {
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

  test('after the clock of Redis is set back, callers are not locked out', async () => {
    const redis = await startRedis()
    const [limit] = await openReplicas(redis)
    const client = await openClient(redis)
    await limit.take('a', full)
    const [key = ''] = await client.keys('*:tokens:*')
    await client.incrBy(key, 3_600_000_000)
    expect(await limit.take('a', full)).toBe(0)
    expect(await limit.take('a', full)).toBeGreaterThan(0)
  })

  test('the name of a bucket is any string', async () => {
    const [one, another] = await openReplicas(await startRedis())
    const names = ['', '\u0000', "k'; --\n", '“Ünï” 😀', 'a'.repeat(100_000)]
    const take = (limit: CallerLimit) => Promise.all(names.map(async (name) => limit.take(name, full)))
    expect(await take(one)).toEqual(names.map(() => 0))
    expect((await take(another)).every((waitMs) => waitMs > 0)).toBe(true)
  })

  test('without Redis each replica has its own buckets, and shares them again when Redis is reachable', async () => {
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

  test('only the first call waits for a Redis that hangs, which is logged once', async () => {
    const redis = await startRedis()
    const lines: unknown[] = []
    const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
    const { takeTokens } = await openStore(redis)
    const limit = createCallerLimit({ callsPerSecond, takeTokens, log })
    redis.suspend()
    expect(await Promise.all([limit.take('a', 50), limit.take('a', 50)])).toEqual([0, 0])
    const stopwatch = startStopwatch()
    expect(await limit.take('a', 50)).toBe(0)
    stopwatch.stop()
    expect(stopwatch.elapsedMs()).toBeLessThan(500)
    expect(lines).toEqual([
      {
        level: 40,
        reason: 'NoReplyError: Redis did not reply within 1000 ms',
        msg: 'The store is unreachable: this replica limits callers by its own buckets',
      },
    ])
  })
})
