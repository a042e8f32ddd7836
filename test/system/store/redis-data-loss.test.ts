/** A Redis that has lost its data quarantines unknown keys. */
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import { epochKey } from '../../support/redis-epoch.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import {
  claim,
  microsecondsAgo,
  minute,
  openClient,
  openReadyStore,
  put,
  problemOf,
  tryClaim,
} from '../../support/redis-store.ts'

describe.runIf(hasRedis)('a Redis that has lost its data', { timeout: 300_000 }, () => {
  const quarantineMs = 3000

  /** Claims until the end of the quarantine. */
  async function expectQuarantine(store: Store): Promise<void> {
    const first = await claim(store, 'k')
    expect(first).toEqual({ state: 'QUARANTINED', retryAfterMs: expect.any(Number) })
    const retryAfterMs = 'retryAfterMs' in first ? first.retryAfterMs : 0
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(quarantineMs)
    await expect.poll(() => claim(store, 'k'), { timeout: 90_000 }).toEqual(put)
  }

  test('by FLUSHALL quarantines an unknown key, and writes no record', async () => {
    const { url } = await startRedis()
    const [store, client] = [await openReadyStore(url, quarantineMs), await openClient(url)]
    expect(await claim(store, 'k')).toEqual(put)
    await client.flushAll()
    expect(await claim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
    expect(await client.keys('*')).toEqual([epochKey])
    expect(await client.ttl(epochKey)).toBe(-1)
    await expectQuarantine(store)
  })

  test('by a restart without persistence is quarantined, and one with persistence is not', async () => {
    const [forgetful, persistent] = [await startRedis({ isNew: true }), await startRedis({ keepsData: true })]
    const stores = [
      await openReadyStore(forgetful.url, quarantineMs),
      await openReadyStore(persistent.url, quarantineMs),
    ] as const
    await expectQuarantine(stores[0])
    expect(await claim(stores[1], 'k')).toEqual(put)
    for (const redis of [forgetful, persistent]) {
      await redis.kill()
      await redis.start()
    }
    await expect.poll(() => problemOf(stores[0])).toBeNull()
    await expectQuarantine(stores[0])
    await expect.poll(() => tryClaim(stores[1], 'k')).toMatchObject({ state: 'PRESENT' })
    expect(await claim(stores[1], 'l')).toEqual(put)
  })

  test('answers a probe during the quarantine', async () => {
    const { url } = await startRedis({ isNew: true })
    const store = await openReadyStore(url, minute)
    expect(await store.ping()).toBeNull()
    expect(await claim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
  })

  test('has no longer quarantine by an epoch in the future', async () => {
    const { url } = await startRedis()
    const [store, client] = [await openReadyStore(url, quarantineMs), await openClient(url)]
    await client.set(epochKey, String(microsecondsAgo(-60 * minute)))
    expect(await claim(store, 'another')).toMatchObject({ state: 'QUARANTINED' })
    await expectQuarantine(store)
  })
})
