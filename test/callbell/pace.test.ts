import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CallbellError } from '../../src/callbell/errors.ts'
import type { Pace } from '../../src/callbell/pace.ts'
import { createPace } from '../../src/callbell/pace.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'

const soon = (): number => performance.now() + 20_000

/** Sends a burst of instant requests and tells when each left. */
async function burst(pace: Pace, requests: number): Promise<number[]> {
  const times: number[] = []
  await Promise.all(
    Array.from({ length: requests }, async () => {
      const pass = await pace.enter(soon())
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
  const first = await pace.enter(soon())
  const second = pace.enter(soon())
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
    const pass = await pace.enter(performance.now())
    pass.done()
  }
  await expect(pace.enter(performance.now())).resolves.toBeDefined()
})

test('no more are in flight than there are connections', async () => {
  const pace = createPace({ maxRps: 0, maxInFlight: 2 })
  const [first] = [await pace.enter(soon()), await pace.enter(soon())]
  let isIn = false
  const third = pace.enter(soon()).then((pass) => {
    isIn = true
    return pass
  })
  await new Promise(setImmediate)
  expect(isIn).toBe(false)
  first?.done()
  await third
})

test('what can’t have its turn in time is refused at once, with the time to wait', async () => {
  const pace = createPace({ maxRps: 2, maxInFlight: 256 })
  for (let sent = 0; sent < 2; sent += 1) {
    const pass = await pace.enter(soon())
    pass.sent()
    pass.done()
  }
  const refused = await pace.enter(performance.now() + 500).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CallbellError)
  expect(refused).toMatchObject({ code: 'OVERLOADED', progress: 'unsent' })
  expect(refused).toHaveProperty('retryAfterMs', expect.closeTo(420, -2))
})

test('what waits for a connection is refused when its time is over', async () => {
  const pace = createPace({ maxRps: 0, maxInFlight: 1 })
  await pace.enter(soon())
  await expect(pace.enter(performance.now() + 20)).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('a 429 cuts the limit by a quarter, more of them in the same second do not, and success brings it back', () => {
  const pace = createPace({ maxRps: 300, maxInFlight: 256 })
  pace.slowDown()
  pace.slowDown()
  expect(pace.limitInForce()).toBe(225)
  for (let answers = 0; answers < 500; answers += 1) pace.speedUp()
  expect(pace.limitInForce()).toBeCloseTo(262.5)
  for (let answers = 0; answers < 1000; answers += 1) pace.speedUp()
  expect(pace.limitInForce()).toBe(300)
})

describe.runIf(hasRedis)('on one Redis', () => {
  test('replicas share one limit', async () => {
    const redis = await startRedis()
    const replicas = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const store = await openTestStore(redis.url)
        onTestFinished(() => store.close())
        return createPace({ maxRps: 60, maxInFlight: 256, takeTurns: store.takeTurns })
      }),
    )
    const times = (await Promise.all(replicas.map((pace) => burst(pace, 60)))).flat()
    expect(times).toHaveLength(180)
    // The turns are counted by Redis' clock: on ours it shows that three seconds' worth of them
    // took more than two seconds. Each replica alone would have let its own in at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2000)
  })

  test('without Redis a replica goes on with its share', async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    onTestFinished(() => store.close())
    const pace = createPace({ maxRps: 40, maxInFlight: 256, takeTurns: store.takeTurns })
    await redis.kill()
    const times = await burst(pace, 15)
    expect(mostInASecond(times)).toBe(10)
  })
})
