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

test('a request’s second starts when it is sent, not when it gets its permit', async () => {
  const limiter = createTestLimiter({ maxRps: 1, maxInFlight: 256 })
  const first = await limiter.acquire(soon(), 'a')
  const second = limiter.acquire(soon(), 'a').then((permit) => ({ permit, at: performance.now() }))
  // The connection is slow: the second begins when the request is sent.
  await pass(300)
  first.sent()
  const sentAt = performance.now()
  await pass(2000)
  const { permit, at } = await second
  // It is not answered, so its second starts 100 ms after it was sent.
  expect(at - sentAt).toBe(1110)
  permit.release()
})

test('a permit without a request does not count', async () => {
  const limiter = createTestLimiter({ maxRps: 1, maxInFlight: 256 })
  for (let tries = 0; tries < 10; tries += 1) {
    const permit = await limiter.acquire(performance.now(), 'a')
    permit.release()
  }
  await expect(limiter.acquire(performance.now(), 'a')).resolves.toBeDefined()
})

test('no more requests are in flight than connections exist', async () => {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 2 })
  const [first] = [await limiter.acquire(soon(), 'a'), await limiter.acquire(soon(), 'a')]
  let isAcquired = false
  const third = limiter.acquire(soon(), 'a').then((permit) => {
    isAcquired = true
    return permit
  })
  await new Promise(setImmediate)
  expect(isAcquired).toBe(false)
  first?.release()
  await third
})

test('a caller with slow responses leaves connections to others', async () => {
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
  // A caller gets four fifths of the free connections, and the next caller four fifths of the rest.
  expect(await startAll('slow', 90)).toBe(80)
  expect(await startAll('slow too', 30)).toBe(16)
  expect(await startAll('other', 1)).toBe(1)
  expect(limiter.state()).toMatchObject({ inFlight: 97, queueLength: 10 + 14 })
  // Released connections are shared, and all waiting requests are served.
  for (let done = 0; done < permits.length; done += 1) {
    permits[done]?.release()
    await new Promise(setImmediate)
  }
  expect(started.length).toBe(121)
  expect(limiter.state()).toMatchObject({ inFlight: 0, queueLength: 0 })
})

test('a caller that waits for a response sets no timer but its deadline', async () => {
  const limiter = createTestLimiter({ maxRps: 1000, maxInFlight: 10 })
  const permits: Permit[] = []
  for (let requests = 0; requests < 9; requests += 1) {
    void limiter.acquire(soon(), 'slow').then((permit) => permits.push(permit))
  }
  await expect.poll(() => permits.length).toBe(8)
  await pass(50)
  // The deadline of the waiting request, and no timer for a connection that only a response can release.
  expect(vi.getTimerCount()).toBe(1)
  for (const permit of permits) permit.release()
  await expect.poll(() => permits.length).toBe(9)
})

test('a request that cannot get a permit before its deadline is refused at once, with the time to wait', async () => {
  const limiter = createTestLimiter({ maxRps: 2, maxInFlight: 256 })
  for (let sent = 0; sent < 2; sent += 1) {
    const acquiring = limiter.acquire(soon(), 'a')
    // One permit is available in a tenth of the second.
    await vi.advanceTimersByTimeAsync(105)
    const permit = await acquiring
    permit.sent()
    permit.release()
  }
  const refused = await limiter.acquire(performance.now() + 500, 'a').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CallbellError)
  // It is 210 ms on the clock. A permit is available 1010 ms after the first request was sent, at 105.
  expect(refused).toMatchObject({ code: 'OVERLOADED', progress: 'unsent', retryAfterMs: 1115 - 710 })
})

test('a request that waits for a connection is refused at its deadline', async () => {
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

  test('successes restore the limit from its minimum to its maximum within seconds', async () => {
    const limiter = createTestLimiter({ maxRps: 100, maxInFlight: 256 })
    for (let seconds = 0; seconds < 60; seconds += 1) {
      limiter.slowDown()
      vi.advanceTimersByTime(1010)
    }
    expect(limiter.state().limitInForce).toBe(10)
    // As many requests as the limiter allows, each of them answered.
    const ended = new AbortController()
    const senders = Array.from({ length: 50 }, async () => {
      while (!ended.signal.aborted) {
        await send(limiter, 'a')
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
    ended.abort()
    await vi.advanceTimersByTimeAsync(1000)
    await Promise.all(senders)
  })
})

/** Sends an instant request. */
async function send(limiter: RateLimiter, bucket: string, latest = soon()): Promise<string> {
  const permit = await limiter.acquire(latest, bucket)
  permit.sent()
  permit.release()
  return bucket
}

/** A limiter with one connection, which is in use until `start()`. Then the waiting requests run one by one. */
async function openQueue() {
  const limiter = createTestLimiter({ maxRps: 0, maxInFlight: 1 })
  const { release: start } = await limiter.acquire(soon(), 'first')
  const order: string[] = []
  const enqueue = async (bucket: string, name = bucket): Promise<void> => {
    const permit = await limiter.acquire(soon(), bucket)
    order.push(name)
    permit.release()
  }
  return { limiter, order, enqueue, start }
}

test('callers are served round-robin', async () => {
  const { order, enqueue, start } = await openQueue()
  const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'c2', 'c3']
  const waiting = names.map((name) => enqueue(name.slice(0, 1), name))
  start()
  await Promise.all(waiting)
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'c3', 'a4'])
})

test('a caller waits for one request of a busy caller, not for the hundreds that it has in the queue', async () => {
  const { order, enqueue, start } = await openQueue()
  const waiting = [...Array.from({ length: 500 }, () => enqueue('busy')), enqueue('other')]
  start()
  await Promise.all(waiting)
  expect(order.indexOf('other')).toBe(1)
})

test('a caller is queued at a time when a busy caller’s next request would be too late', async () => {
  const limiter = createTestLimiter({ maxRps: 10, maxInFlight: 256 })
  const busyCaller = Array.from({ length: 25 }, () => send(limiter, 'busy'))
  const latest = performance.now() + 1500
  await expect(send(limiter, 'busy', latest)).rejects.toMatchObject({
    code: 'OVERLOADED',
    retryAfterMs: 520,
  })
  const first = Promise.race([...busyCaller.slice(5), send(limiter, 'other', latest)])
  await pass(5000)
  expect(await first).toBe('other')
  await Promise.all(busyCaller)
})

test('a busy caller’s requests that others overtake are refused at their deadline', async () => {
  const limiter = createTestLimiter({ maxRps: 10, maxInFlight: 256 })
  const latest = performance.now() + 1500
  const refusals: unknown[] = []
  const busyCaller = Array.from({ length: 20 }, () =>
    send(limiter, 'busy', latest).catch(({ code }) => {
      refusals.push({ code, isDue: performance.now() >= latest - 1 })
    }),
  )
  const all = [...busyCaller, ...Array.from({ length: 10 }, () => send(limiter, 'other'))]
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(all)
  expect(refusals.length).toBeGreaterThanOrEqual(9)
  expect(refusals).toEqual(refusals.map(() => ({ code: 'OVERLOADED', isDue: true })))
})

test('one caller gets at most half of the queue', async () => {
  // Nothing waits for time here, and thousands of fake timers are slow.
  vi.useRealTimers()
  const { limiter, enqueue, start } = await openQueue()
  const waiting = Array.from({ length: 5000 }, () => enqueue('busy'))
  await expect(limiter.acquire(soon(), 'busy')).rejects.toMatchObject({ code: 'OVERLOADED' })
  waiting.push(...Array.from({ length: 5000 }, () => enqueue('another')))
  await expect(limiter.acquire(soon(), 'other')).rejects.toMatchObject({ code: 'OVERLOADED' })
  start()
  await Promise.all(waiting)
})

/** Grants permits only to a replica that requests almost the whole limit, as the others do. */
const takeWholeLimit: SharedLimiter['acquireShared'] = async ({ wanted, limit: own }) => ({
  // The others have recovered their whole limit.
  granted: own > 90 ? wanted : 0,
  waitMs: 50,
  replicas: 2,
  now: performance.now(),
  isQuarantined: false,
})

test('a replica that gets no permits after a 429, because the others send more, recovers its share', async () => {
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
