/** Replicas that share one limit, each with a rate limiter on one Redis. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RateLimiter } from '../../../src/rate-limit/rate-limiter.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { burst, createTestLimiter, mostInASecond } from '../../support/test-limiter.ts'
import { openTestStore } from '../../support/stores.ts'

describe.runIf(hasRedis)('on one Redis', () => {
  test('replicas share one limit', async () => {
    const replicas = await openReplicas(await startRedis(), 3, 60)
    const times = (await Promise.all(replicas.map((limiter) => burst(limiter, 60)))).flat()
    expect(times).toHaveLength(180)
    // The permits count on Redis's clock. Here it shows that the permits of three seconds
    // took more than two seconds. Without sharing, all would be granted at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2000)
  })

  test('without Redis a replica sends its share', async () => {
    const redis = await startRedis()
    const [limiter] = await openReplicas(redis, 1, 40)
    if (limiter === undefined) throw new Error('no replica')
    // Wait until it is a member, and has reported its share.
    await expect.poll(() => limiter.state().isDegraded).toBe(false)
    await delay(1000)
    await redis.kill()
    await expect.poll(() => limiter.state().isDegraded).toBe(true)
    const times = await burst(limiter, 15)
    expect(mostInASecond(times)).toBe(10)
  })

  test(
    'replicas keep one limit while Redis is killed, and after it restarts without data',
    { timeout: 300_000 },
    async () => {
      const redis = await startRedis()
      const replicas = await openReplicas(redis, 3, 40)
      const [busy, others] = [replicas.slice(0, 1), replicas.slice(1)]
      const times: number[] = []
      const more = async (sent: number): Promise<void> => {
        const until = times.length + sent
        await expect.poll(() => times.length, { interval: 5 }).toBeGreaterThanOrEqual(until)
      }
      const load = (limiters: readonly RateLimiter[]) => {
        const ended = new AbortController()
        const sending = limiters.map(async (limiter) => {
          while (!ended.signal.aborted) times.push(...(await burst(limiter, 10)))
        })
        return async (): Promise<void> => {
          ended.abort()
          await Promise.all(sending)
        }
      }
      const stopBusy = load(busy)
      // In the first seconds it keeps to its share. Now it has the whole limit.
      await more(100)
      await redis.kill()
      const stopOthers = load(others)
      await more(40)
      await redis.start()
      await more(40)
      await stopOthers()
      await more(100)
      // The restart is so fast that idle replicas send no request meanwhile.
      await redis.kill()
      await redis.start()
      const stopOthersAgain = load(others)
      await more(60)
      await stopBusy()
      await stopOthersAgain()
      expect(mostInASecond(times)).toBeLessThanOrEqual(40)
    },
  )
})

async function openReplicas(redis: RedisServer, replicas: number, maxRps: number): Promise<RateLimiter[]> {
  return Promise.all(
    Array.from({ length: replicas }, async () => {
      const store = await openTestStore(redis.url)
      const limiter = createTestLimiter({ maxRps, maxInFlight: 256, acquireShared: store.acquireShared })
      onTestFinished(async () => {
        limiter.close()
        await store.close()
      })
      return limiter
    }),
  )
}
