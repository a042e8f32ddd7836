import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { CallbellError } from '../../../src/domain/callbell-error.ts'
import type { Permit } from '../../../src/rate-limit/permit.ts'
import type { RateLimiter } from '../../../src/rate-limit/rate-limiter.ts'
import type { SharedLimiter } from '../../../src/store/shared-limits.ts'
import { burst, createTestLimiter, mostInASecond, soon } from '../../support/test-limiter.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))

test('a burst never exceeds the limit in any second, and uses all of it', async () => {
  const sending = burst(createTestLimiter({ maxRps: 50, maxInFlight: 256 }), 160)
  await pass(4000)
  const times = await sending
  expect(times).toHaveLength(160)
  expect(mostInASecond(times)).toBe(50)
})

test('a request’s second starts when it leaves, not when it is let in', async () => {
  const limiter = createTestLimiter({ maxRps: 1, maxInFlight: 256 })
  const first = await limiter.acquire(soon(), 'a')
  const second = limiter.acquire(soon(), 'a').then((permit) => ({ permit, at: performance.now() }))
  // A connection that takes its time: only after it has left does its second begin.
  await pass(300)
  first.sent()
  const left = performance.now()
  await pass(2000)
  const { permit, at } = await second
  // It is not answered: its second starts 100 ms after it left.
  expect(at - left).toBe(1110)
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
  await pass(50)
  // The deadline of the one that waits, and no alarm for a place that only an answer can free.
  expect(vi.getTimerCount()).toBe(1)
  for (const permit of permits) permit.release()
  await expect.poll(() => permits.length).toBe(9)
})

test('what can’t have its turn in time is refused at once, with the time to wait', async () => {
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
  const refused = limiter.acquire(performance.now() + 20, 'a').catch((error: unknown) => error)
  await pass(20)
  expect(await refused).toMatchObject({ code: 'OVERLOADED' })
})

describe('after a 429', () => {
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
    retryAfterMs: 520,
  })
  const first = Promise.race([...hog.slice(5), sendIn(limiter, 'newcomer', latest)])
  await pass(5000)
  expect(await first).toBe('newcomer')
  await Promise.all(hog)
})

test('a hog that newcomers overtake is refused when its time is over', async () => {
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
  // Nothing waits for time here, and thousands of fake timers are slow.
  vi.useRealTimers()
  const { limiter, join, start } = await openLine()
  const joined = Array.from({ length: 5000 }, () => join('hog'))
  await expect(limiter.acquire(soon(), 'hog')).rejects.toMatchObject({ code: 'OVERLOADED' })
  joined.push(...Array.from({ length: 5000 }, () => join('another')))
  await expect(limiter.acquire(soon(), 'newcomer')).rejects.toMatchObject({ code: 'OVERLOADED' })
  start()
  await Promise.all(joined)
})

/** Grants only to those that take for it what the others send. */
const takeWholeLimit: SharedLimiter['acquireShared'] = async ({ wanted, limit: own }) => ({
  // The others have been at their whole limit again for long.
  granted: own > 90 ? wanted : 0,
  waitMs: 50,
  replicas: 2,
  now: performance.now(),
  isQuarantined: false,
})

test('a replica that is granted nothing after a 429, since the others send more, takes its part again', async () => {
  const limiter = createTestLimiter({ maxRps: 100, maxInFlight: 10, acquireShared: takeWholeLimit })
  onTestFinished(() => limiter.close())
  await pass(2000)
  expect(limiter.state().limitInForce).toBe(100)
  limiter.slowDown()
  expect(limiter.state().limitInForce).toBe(50)
  const acquired = limiter.acquire(performance.now() + 60_000, 'a')
  await pass(60_000)
  const permit = await acquired
  permit.release()
  expect(limiter.state().limitInForce).toBeGreaterThan(90)
})
