/** The age of a record, and a clock of Redis that is wrong or set. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import {
  claim,
  microsecondsAgo,
  minute,
  openClient,
  openLoggedStore,
  openReadyStore,
  prefix,
  put,
} from '../../support/redis-store.ts'

/** Moves the process's monotonic clock against the clock of Redis. */
function holdClock(): { setBack(ms: number): void } {
  const now = performance.now.bind(performance)
  let backMs = 0
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() - backMs)
  onTestFinished(() => spy.mockRestore())
  return { setBack: (ms) => void (backMs += ms) }
}

describe.runIf(hasRedis)('the clock of Redis', { timeout: 300_000 }, () => {
  test('an age counts from the time when this process connected, and grows', async () => {
    const redis = await startRedis()
    const client = await openClient(redis.url)
    await client.set(`${prefix}k`, `${microsecondsAgo(minute)}:a`)
    const openedAt = performance.now()
    const store = await openReadyStore(redis.url)
    const first = await store.readRecord('k')
    expect(first?.ageMs).toBeLessThanOrEqual(performance.now() - openedAt)
    await expect.poll(async () => (await store.readRecord('k'))?.ageMs).toBeGreaterThan(100)
  })

  test('a clock that is set forward makes no record older, and is logged once', async () => {
    const { url } = await startRedis()
    const [{ store, lines }, client] = [await openLoggedStore(url), await openClient(url)]
    const clock = holdClock()
    // Two minutes pass for this process, while Redis’s clock stands still.
    clock.setBack(-2 * minute)
    await store.readRecord('none')
    await client.set(`${prefix}k`, `${microsecondsAgo(minute)}:a`)
    const known = await store.readRecord('k')
    expect(known?.ageMs).toBeGreaterThanOrEqual(minute)
    expect(known?.ageMs).toBeLessThan(2 * minute)
    clock.setBack(5000)
    expect((await store.readRecord('k'))?.ageMs).toBe(0)
    clock.setBack(5000)
    expect((await store.readRecord('k'))?.ageMs).toBe(0)
    expect(lines).toMatchObject([{ msg: 'Redis’s clock was set forward; record ages count from now on' }])
  })

  test('a claim is still written after the clock was set forward a little', async () => {
    const { url } = await startRedis()
    const store = await openReadyStore(url, minute)
    const clock = holdClock()
    clock.setBack(10_000)
    expect(await claim(store, 'a')).toEqual(put)
    clock.setBack(10_000)
    expect(await store.putIfAbsent('b', 'record', minute)).toBeNull()
    expect(await store.readRecord('b')).toMatchObject({ record: 'record' })
  })

  test('after a jump that may have expired records, unknown keys are quarantined', async () => {
    const { url } = await startRedis()
    const store = await openReadyStore(url, minute)
    const clock = holdClock()
    expect(await claim(store, 'a')).toEqual(put)
    clock.setBack(60 * minute)
    expect(await claim(store, 'b')).toEqual({ state: 'QUARANTINED', retryAfterMs: expect.any(Number) })
    expect(await claim(store, 'a')).toMatchObject({ state: 'PRESENT' })
    expect(await store.ping()).toBeNull()
    clock.setBack(-minute)
    expect(await claim(store, 'b')).toEqual(put)
  })

  test('a record from the future, or of an earlier version, counts as written now', async () => {
    const { url } = await startRedis()
    const [store, client] = [await openReadyStore(url), await openClient(url)]
    await client.set(`${prefix}later`, `${microsecondsAgo(-60 * minute)}:a`, {
      expiration: { type: 'EX', value: 99 },
    })
    await client.set(`${prefix}plain`, '{"state":"CREATED"}', { expiration: { type: 'EX', value: 99 } })
    await client.set(`${prefix}unread`, '{"state":"CREATED"}')
    const records = async () => [await store.readRecord('later'), await store.readRecord('plain')]
    expect(await records()).toEqual([
      { record: 'a', ageMs: 0 },
      { record: '{"state":"CREATED"}', ageMs: 0 },
    ])
    await expect.poll(async () => (await records()).every((found) => (found?.ageMs ?? 0) > 50)).toBe(true)
    expect(await client.ttl(`${prefix}later`)).toBeGreaterThan(0)
    expect(await client.ttl(`${prefix}plain`)).toBeGreaterThan(0)
    expect(await store.replace('unread', '{"state":"CREATED"}', 'b', minute)).toBe(true)
    expect(await store.remove('unread', 'b')).toBe(true)
  })

  test('a record of an earlier version keeps the age 0 while Redis is full', async () => {
    const redis = await startRedis()
    const [store, client] = [await openReadyStore(redis.url), await openClient(redis.url)]
    await client.set(`${prefix}plain`, 'a')
    await redis.configure('maxmemory', '1')
    expect(await store.readRecord('plain')).toEqual({ record: 'a', ageMs: 0 })
    expect(await client.get(`${prefix}plain`)).toBe('a')
  })
})
