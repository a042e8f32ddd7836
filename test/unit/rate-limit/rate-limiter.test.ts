import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { CallbellError } from '../../../src/domain/callbell-error.ts'
import type { AcquireShared } from '../../../src/rate-limit/distributed-limiter.ts'
import type { RateLimiter, RateLimiterOptions, Permit } from '../../../src/rate-limit/rate-limiter.ts'
import { createRateLimiter } from '../../../src/rate-limit/rate-limiter.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore } from '../../support/stores.ts'

const soon = (): number => performance.now() + 20_000

/** A limiter for which a connection is always ready. */
/** Gives a promise for each permit, also for one that is there at once. */
interface TestLimiter extends RateLimiter {
  acquire(latest: number, bucket: string): Promise<Permit>
}

function createTestLimiter(options: Omit<RateLimiterOptions, 'connections'>): TestLimiter {
  const connections = {
    ready: Number.POSITIVE_INFINITY,
    lackingFor: () => 0,
    open: async () => undefined,
    take: () => ({ isAccepted: true }),
    release: () => undefined,
    onChange: () => undefined,
  }
  const limiter = createRateLimiter({ ...options, connections })
  return { ...limiter, acquire: async (latest, bucket) => limiter.acquire(latest, bucket) }
}

/** Sends a burst of instant requests and returns when each left. */
async function burst(limiter: RateLimiter, requests: number): Promise<number[]> {
  const times: number[] = []
  const send = async (): Promise<void> => {
    const permit = await limiter.acquire(soon(), 'a')
    const isUsable = permit.isUsable()
    if (isUsable) {
      permit.sent()
      times.push(performance.now())
    }
    permit.release()
    if (!isUsable) await send()
  }
  await Promise.all(Array.from({ length: requests }, send))
  return times.toSorted((a, b) => a - b)
}

/** The most requests that left within any second. */
function mostInASecond(times: readonly number[]): number {
  return Math.max(
    ...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length),
  )
}

test('a burst never exceeds the limit in any second, and uses all of it', async () => {
  const times = await burst(createTestLimiter({ maxRps: 50, maxInFlight: 256 }), 160)
  expect(times).toHaveLength(160)
  expect(mostInASecond(times)).toBe(50)
})

test('a request’s second starts when it leaves, not when it is let in', async () => {
  const limiter = createTestLimiter({ maxRps: 1, maxInFlight: 256 })
  const first = await limiter.acquire(soon(), 'a')
  const second = limiter.acquire(soon(), 'a')
  // A connection that takes its time: only after it has left does its second begin.
  await delay(300)
  first.sent()
  const left = performance.now()
  const permit = await second
  expect(performance.now() - left).toBeGreaterThanOrEqual(1000)
  permit.release()
})

test('a request that never left takes nobody’s turn', async () => {
  const limiter = createTestLimiter({ maxRps: 1, maxInFlight: 256 })
  for (let tries = 0; tries < 10; tries += 1) {
    const permit = await limiter.acquire(performance.now(), 'a')
    permit.release()
  }
  await expect(limiter.acquire(performance.now(), 'a')).resolves.toBeDefined()
})

test('no more are in flight than there are connections', async () => {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 2 })
  const [first] = [await limiter.acquire(soon(), 'a'), await limiter.acquire(soon(), 'a')]
  let isIn = false
  const third = limiter.acquire(soon(), 'a').then((permit) => {
    isIn = true
    return permit
  })
  await new Promise(setImmediate)
  expect(isIn).toBe(false)
  first?.release()
  await third
})

test('a caller whose requests are answered slowly leaves connections to others', async () => {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 100 })
  const started: string[] = []
  const permits: Permit[] = []
  const start = async (bucket: string): Promise<void> => {
    permits.push(await limiter.acquire(soon(), bucket))
    started.push(bucket)
  }
  const startAll = async (bucket: string, count: number): Promise<number> => {
    const before = started.length
    for (let requests = 0; requests < count; requests += 1) void start(bucket)
    await new Promise(setImmediate)
    return started.length - before
  }
  // Four times what is free, each time: alone a caller has four fifths, and the next one a share of the rest.
  expect(await startAll('slow', 90)).toBe(80)
  expect(await startAll('slow too', 30)).toBe(16)
  expect(await startAll('other', 1)).toBe(1)
  expect(limiter.state()).toMatchObject({ inFlight: 97, queueLength: 10 + 14 })
  // What one caller frees is shared, and all that wait are served in the end.
  for (let done = 0; done < permits.length; done += 1) {
    permits[done]?.release()
    await new Promise(setImmediate)
  }
  expect(started.length).toBe(121)
  expect(limiter.state()).toMatchObject({ inFlight: 0, queueLength: 0 })
})

test('a caller that may not start does not keep the process busy', async () => {
  const limiter = createTestLimiter({ maxRps: 1000, maxInFlight: 10 })
  const permits: Permit[] = []
  for (let requests = 0; requests < 9; requests += 1) {
    void limiter.acquire(soon(), 'slow').then((permit) => permits.push(permit))
  }
  await expect.poll(() => permits.length).toBe(8)
  const set = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => set.mockRestore())
  await delay(50)
  // This test's own, and no alarm for a place that only an answer can free.
  expect(set.mock.calls.length).toBeLessThanOrEqual(1)
  for (const permit of permits) permit.release()
  await expect.poll(() => permits.length).toBe(9)
})

test('what can’t have its turn in time is refused at once, with the time to wait', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const limiter = createTestLimiter({ maxRps: 2, maxInFlight: 256 })
  for (let sent = 0; sent < 2; sent += 1) {
    const entering = limiter.acquire(soon(), 'a')
    // A tenth of the second lets one in.
    await vi.advanceTimersByTimeAsync(105)
    const permit = await entering
    permit.sent()
    permit.release()
  }
  const refused = await limiter.acquire(performance.now() + 500, 'a').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CallbellError)
  // It is 210 ms on the clock; the turn comes 1010 ms after the first one left, at 105.
  expect(refused).toMatchObject({ code: 'OVERLOADED', progress: 'unsent', retryAfterMs: 1115 - 710 })
})

test('what waits for a connection is refused when its time is over', async () => {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 1 })
  await limiter.acquire(soon(), 'a')
  await expect(limiter.acquire(performance.now() + 20, 'a')).rejects.toMatchObject({ code: 'OVERLOADED' })
})

describe('after a 429', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  test('the limit is halved once in each window, and never to less than a tenth', () => {
    const limiter = createTestLimiter({ maxRps: 300, maxInFlight: 256 })
    const limits = Array.from({ length: 6 }, () => {
      for (let answers = 0; answers < 100; answers += 1) limiter.slowDown()
      vi.advanceTimersByTime(1010)
      return limiter.state().limitInForce
    })
    expect(limits).toEqual([150, 75, 37.5, 30, 30, 30])
  })

  test('successes bring it back from the least to the whole within seconds', async () => {
    const limiter = createTestLimiter({ maxRps: 100, maxInFlight: 256 })
    for (let seconds = 0; seconds < 60; seconds += 1) {
      limiter.slowDown()
      vi.advanceTimersByTime(1010)
    }
    expect(limiter.state().limitInForce).toBe(10)
    // As many at a time as it lets through, each of them answered.
    const over = new AbortController()
    const senders = Array.from({ length: 50 }, async () => {
      while (!over.signal.aborted) {
        await sendIn(limiter, 'a')
        limiter.speedUp()
      }
    })
    const limits: number[] = []
    for (let seconds = 0; seconds < 8; seconds += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      limits.push(Math.round(limiter.state().limitInForce))
    }
    expect(limits).toEqual(limits.toSorted((one, another) => one - another))
    expect(limits[2]).toBeGreaterThan(25)
    expect(limits.at(-1)).toBe(100)
    over.abort()
    await vi.advanceTimersByTimeAsync(1000)
    await Promise.all(senders)
  })
})

/** Sends an instant request. */
async function sendIn(limiter: RateLimiter, bucket: string, latest = soon()): Promise<string> {
  const permit = await limiter.acquire(latest, bucket)
  permit.sent()
  permit.release()
  return bucket
}

/** One request at a time, the first of which is under way: the others come in as they are let in. */
async function openLine() {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 1 })
  const { release: start } = await limiter.acquire(soon(), 'first')
  const order: string[] = []
  const join = async (bucket: string, name = bucket): Promise<void> => {
    const permit = await limiter.acquire(soon(), bucket)
    order.push(name)
    permit.release()
  }
  return { limiter, order, join, start }
}

test('callers take turns in line', async () => {
  const { order, join, start } = await openLine()
  const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'c2', 'c3']
  const joined = names.map((name) => join(name.slice(0, 1), name))
  start()
  await Promise.all(joined)
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'c3', 'a4'])
})

test('a newcomer waits for one turn of a hog, not for the hundreds that the hog has in line', async () => {
  const { order, join, start } = await openLine()
  const joined = [...Array.from({ length: 500 }, () => join('hog')), join('newcomer')]
  start()
  await Promise.all(joined)
  expect(order.indexOf('newcomer')).toBe(1)
})

test('a newcomer is let in line where a hog’s next request would come too late', async () => {
  const limiter = createTestLimiter({ maxRps: 10, maxInFlight: 256 })
  const hog = Array.from({ length: 25 }, () => sendIn(limiter, 'hog'))
  const latest = performance.now() + 1500
  await expect(sendIn(limiter, 'hog', latest)).rejects.toMatchObject({
    code: 'OVERLOADED',
    retryAfterMs: expect.closeTo(520, -2),
  })
  expect(await Promise.race([...hog.slice(5), sendIn(limiter, 'newcomer', latest)])).toBe('newcomer')
  await Promise.all(hog)
})

test('a hog that newcomers overtake is refused when its time is over', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const limiter = createTestLimiter({ maxRps: 10, maxInFlight: 256 })
  const latest = performance.now() + 1500
  const refusals: unknown[] = []
  const hog = Array.from({ length: 20 }, () =>
    sendIn(limiter, 'hog', latest).catch(({ code }) => {
      refusals.push({ code, isDue: performance.now() >= latest - 1 })
    }),
  )
  const all = [...hog, ...Array.from({ length: 10 }, () => sendIn(limiter, 'newcomer'))]
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(all)
  expect(refusals.length).toBeGreaterThanOrEqual(9)
  expect(refusals).toEqual(refusals.map(() => ({ code: 'OVERLOADED', isDue: true })))
})

test('half of the line is the most that one caller gets', async () => {
  const { limiter, join, start } = await openLine()
  const joined = Array.from({ length: 5000 }, () => join('hog'))
  await expect(limiter.acquire(soon(), 'hog')).rejects.toMatchObject({ code: 'OVERLOADED' })
  joined.push(...Array.from({ length: 5000 }, () => join('another')))
  await expect(limiter.acquire(soon(), 'newcomer')).rejects.toMatchObject({ code: 'OVERLOADED' })
  start()
  await Promise.all(joined)
})

describe.runIf(hasRedis)('on one Redis', () => {
  test('replicas share one limit', async () => {
    const replicas = await openReplicas(await startRedis(), 3, 60)
    const times = (await Promise.all(replicas.map((limiter) => burst(limiter, 60)))).flat()
    expect(times).toHaveLength(180)
    // The turns are counted by Redis' clock: on ours it shows that three seconds' worth of them
    // took more than two seconds. Each replica alone would have let its own in at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2000)
  })

  test('without Redis a replica goes on with its share', async () => {
    const redis = await startRedis()
    const [limiter] = await openReplicas(redis, 1, 40)
    if (limiter === undefined) throw new Error('no replica')
    // Until it is a member, and has told its share.
    await expect.poll(() => limiter.state().isDegraded).toBe(false)
    await delay(1000)
    await redis.kill()
    await expect.poll(() => limiter.state().isDegraded).toBe(true)
    const times = await burst(limiter, 15)
    expect(mostInASecond(times)).toBe(10)
  })

  test(
    'replicas keep to one limit while Redis is killed, and when it comes back with no memory',
    { timeout: 60_000 },
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
        const over = new AbortController()
        const sending = limiters.map(async (limiter) => {
          while (!over.signal.aborted) times.push(...(await burst(limiter, 10)))
        })
        return async (): Promise<void> => {
          over.abort()
          await Promise.all(sending)
        }
      }
      const stopBusy = load(busy)
      // Past the first seconds, in which it keeps to its share: now it has the whole limit.
      await more(100)
      await redis.kill()
      const stopOthers = load(others)
      await more(40)
      await redis.start()
      await more(40)
      await stopOthers()
      await more(100)
      // So soon that the idle ones do not ask meanwhile.
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

/** Grants only to those that take for it what the others send. */
const takeWholeLimit: AcquireShared = async ({ wanted, limit: own }) => ({
  // The others have been at their whole limit again for long.
  granted: own > 90 ? wanted : 0,
  waitMs: 50,
  replicas: 2,
  now: performance.now(),
  isQuarantined: false,
})

test(
  'a replica that is granted nothing after a 429, since the others send more, takes its part again',
  { timeout: 90_000 },
  async () => {
    const limiter = createTestLimiter({ maxRps: 100, maxInFlight: 10, acquireShared: takeWholeLimit })
    onTestFinished(() => limiter.close())
    await expect.poll(() => limiter.state().limitInForce, { timeout: 20_000 }).toBe(100)
    limiter.slowDown()
    expect(limiter.state().limitInForce).toBe(50)
    const permit = await limiter.acquire(performance.now() + 60_000, 'a')
    permit.release()
    expect(limiter.state().limitInForce).toBeGreaterThan(90)
  },
)
