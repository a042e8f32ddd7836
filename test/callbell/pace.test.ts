import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CallbellError } from '../../src/callbell/errors.ts'
import type { Pace, Pass } from '../../src/callbell/pace.ts'
import { createPace } from '../../src/callbell/pace.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'

const soon = (): number => performance.now() + 20_000

/** Sends a burst of instant requests and tells when each left. */
async function burst(pace: Pace, requests: number): Promise<number[]> {
  const times: number[] = []
  await Promise.all(
    Array.from({ length: requests }, async () => {
      const pass = await pace.enter(soon(), 'a')
      pass.sent()
      times.push(performance.now())
      pass.done()
    }),
  )
  return times.toSorted((a, b) => a - b)
}

/** The most requests that left within any second. */
function mostInASecond(times: readonly number[]): number {
  return Math.max(
    ...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length),
  )
}

test('a burst never exceeds the limit in any second, and uses all of it', async () => {
  const times = await burst(createPace({ maxRps: 50, maxInFlight: 256 }), 160)
  expect(times).toHaveLength(160)
  expect(mostInASecond(times)).toBe(50)
})

test('a request’s second starts when it leaves, not when it is let in', async () => {
  const pace = createPace({ maxRps: 1, maxInFlight: 256 })
  const first = await pace.enter(soon(), 'a')
  const second = pace.enter(soon(), 'a')
  // A connection that takes its time: only after it has left does its second begin.
  await delay(300)
  first.sent()
  const left = performance.now()
  const pass = await second
  expect(performance.now() - left).toBeGreaterThanOrEqual(1000)
  pass.done()
})

test('a request that never left takes nobody’s turn', async () => {
  const pace = createPace({ maxRps: 1, maxInFlight: 256 })
  for (let tries = 0; tries < 10; tries += 1) {
    const pass = await pace.enter(performance.now(), 'a')
    pass.done()
  }
  await expect(pace.enter(performance.now(), 'a')).resolves.toBeDefined()
})

test('no more are in flight than there are connections', async () => {
  const pace = createPace({ maxRps: 0, maxInFlight: 2 })
  const [first] = [await pace.enter(soon(), 'a'), await pace.enter(soon(), 'a')]
  let isIn = false
  const third = pace.enter(soon(), 'a').then((pass) => {
    isIn = true
    return pass
  })
  await new Promise(setImmediate)
  expect(isIn).toBe(false)
  first?.done()
  await third
})

test('a caller whose requests are answered slowly leaves connections to others', async () => {
  const pace = createPace({ maxRps: 0, maxInFlight: 100 })
  const started: string[] = []
  const passes: Pass[] = []
  const start = async (bucket: string): Promise<void> => {
    passes.push(await pace.enter(soon(), bucket))
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
  expect(pace.state()).toMatchObject({ inFlight: 97, queueLength: 10 + 14 })
  // What one caller frees is shared, and all that wait are served in the end.
  for (let done = 0; done < passes.length; done += 1) {
    passes[done]?.done()
    await new Promise(setImmediate)
  }
  expect(started.length).toBe(121)
  expect(pace.state()).toMatchObject({ inFlight: 0, queueLength: 0 })
})

test('a caller that may not start does not keep the process busy', async () => {
  const pace = createPace({ maxRps: 1000, maxInFlight: 10 })
  const passes: Pass[] = []
  for (let requests = 0; requests < 9; requests += 1) {
    void pace.enter(soon(), 'slow').then((pass) => passes.push(pass))
  }
  await expect.poll(() => passes.length).toBe(8)
  const set = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => set.mockRestore())
  await delay(50)
  // This test's own, and no alarm for a place that only an answer can free.
  expect(set.mock.calls.length).toBeLessThanOrEqual(1)
  for (const pass of passes) pass.done()
  await expect.poll(() => passes.length).toBe(9)
})

test('what can’t have its turn in time is refused at once, with the time to wait', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const pace = createPace({ maxRps: 2, maxInFlight: 256 })
  for (let sent = 0; sent < 2; sent += 1) {
    const entering = pace.enter(soon(), 'a')
    // A tenth of the second lets one in.
    await vi.advanceTimersByTimeAsync(105)
    const pass = await entering
    pass.sent()
    pass.done()
  }
  const refused = await pace.enter(performance.now() + 500, 'a').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CallbellError)
  // It is 210 ms on the clock; the turn comes 1010 ms after the first one left, at 105.
  expect(refused).toMatchObject({ code: 'OVERLOADED', progress: 'unsent', retryAfterMs: 1115 - 710 })
})

test('what waits for a connection is refused when its time is over', async () => {
  const pace = createPace({ maxRps: 0, maxInFlight: 1 })
  await pace.enter(soon(), 'a')
  await expect(pace.enter(performance.now() + 20, 'a')).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('a 429 cuts the limit by a quarter, more of them in the same second do not, and success brings it back', () => {
  const pace = createPace({ maxRps: 300, maxInFlight: 256 })
  pace.slowDown()
  pace.slowDown()
  expect(pace.state().limitInForce).toBe(225)
  for (let answers = 0; answers < 500; answers += 1) pace.speedUp()
  expect(pace.state().limitInForce).toBeCloseTo(262.5)
  for (let answers = 0; answers < 1000; answers += 1) pace.speedUp()
  expect(pace.state().limitInForce).toBe(300)
})

/** Sends an instant request. */
async function sendIn(pace: Pace, bucket: string, latest = soon()): Promise<string> {
  const pass = await pace.enter(latest, bucket)
  pass.sent()
  pass.done()
  return bucket
}

/** One request at a time, the first of which is under way: the others come in as they are let in. */
async function openLine() {
  const pace = createPace({ maxRps: 0, maxInFlight: 1 })
  const { done: start } = await pace.enter(soon(), 'first')
  const order: string[] = []
  const join = async (bucket: string, name = bucket): Promise<void> => {
    const pass = await pace.enter(soon(), bucket)
    order.push(name)
    pass.done()
  }
  return { pace, order, join, start }
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
  const pace = createPace({ maxRps: 10, maxInFlight: 256 })
  const hog = Array.from({ length: 25 }, () => sendIn(pace, 'hog'))
  const latest = performance.now() + 1500
  await expect(sendIn(pace, 'hog', latest)).rejects.toMatchObject({
    code: 'OVERLOADED',
    retryAfterMs: expect.closeTo(520, -2),
  })
  expect(await Promise.race([...hog.slice(5), sendIn(pace, 'newcomer', latest)])).toBe('newcomer')
  await Promise.all(hog)
})

test('a hog that newcomers overtake is refused when its time is over', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const pace = createPace({ maxRps: 10, maxInFlight: 256 })
  const latest = performance.now() + 1500
  const refusals: unknown[] = []
  const hog = Array.from({ length: 20 }, () =>
    sendIn(pace, 'hog', latest).catch(({ code }) => {
      refusals.push({ code, isDue: performance.now() >= latest - 1 })
    }),
  )
  const all = [...hog, ...Array.from({ length: 10 }, () => sendIn(pace, 'newcomer'))]
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(all)
  expect(refusals.length).toBeGreaterThanOrEqual(9)
  expect(refusals).toEqual(refusals.map(() => ({ code: 'OVERLOADED', isDue: true })))
})

test('half of the line is the most that one caller gets', async () => {
  const { pace, join, start } = await openLine()
  const joined = Array.from({ length: 5000 }, () => join('hog'))
  await expect(pace.enter(soon(), 'hog')).rejects.toMatchObject({ code: 'OVERLOADED' })
  joined.push(...Array.from({ length: 5000 }, () => join('another')))
  await expect(pace.enter(soon(), 'newcomer')).rejects.toMatchObject({ code: 'OVERLOADED' })
  start()
  await Promise.all(joined)
})

describe.runIf(hasRedis)('on one Redis', () => {
  test('replicas share one limit', async () => {
    const replicas = await openReplicas(await startRedis(), 3, 60)
    const times = (await Promise.all(replicas.map((pace) => burst(pace, 60)))).flat()
    expect(times).toHaveLength(180)
    // The turns are counted by Redis' clock: on ours it shows that three seconds' worth of them
    // took more than two seconds. Each replica alone would have let its own in at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2000)
  })

  test('without Redis a replica goes on with its share', async () => {
    const redis = await startRedis()
    const [pace] = await openReplicas(redis, 1, 40)
    await redis.kill()
    const times = pace ? await burst(pace, 15) : []
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
      const load = (paces: readonly Pace[]) => {
        const over = new AbortController()
        const sending = paces.map(async (pace) => {
          while (!over.signal.aborted) times.push(...(await burst(pace, 10)))
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
      // A little more than the limit, as a busy machine may hold a turn up. Without what replicas do
      // for each other it would be 48 or more.
      expect(mostInASecond(times)).toBeLessThanOrEqual(44)
    },
  )
})

async function openReplicas(redis: RedisServer, replicas: number, maxRps: number): Promise<Pace[]> {
  return Promise.all(
    Array.from({ length: replicas }, async () => {
      const store = await openTestStore(redis.url)
      const pace = createPace({ maxRps, maxInFlight: 256, takeTurns: store.takeTurns })
      onTestFinished(async () => {
        pace.close()
        await store.close()
      })
      return pace
    }),
  )
}
