import { describe, expect, onTestFinished, test } from 'vitest'
import type { PermitRequest } from '../../../src/store/shared-limits.ts'
import type { Store } from '../../../src/store/store.ts'
import { permitRequest } from '../../support/permit-request.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore, stored, storeUrls } from '../../support/stores.ts'

const minute = 60_000

describe.each(storeUrls)('%s', (_name, createUrl) => {
  async function open(): Promise<Store> {
    const store = await openTestStore(await createUrl())
    onTestFinished(() => store.close())
    return store
  }

  test('a record is written if the key has none', async () => {
    const store = await open()
    expect(await store.readRecord('k')).toBeNull()
    expect(await store.putIfAbsent('k', 'a', minute)).toBeNull()
    expect(await store.putIfAbsent('k', 'b', minute)).toEqual(stored('a'))
    expect(await store.readRecord('k')).toEqual(stored('a'))
  })

  test('a record is replaced only while it is the expected one', async () => {
    const store = await open()
    expect(await store.replace('k', 'a', 'b', minute)).toBe(false)
    await store.putIfAbsent('k', 'a', minute)
    expect(await store.replace('k', 'x', 'b', minute)).toBe(false)
    expect(await store.replace('k', 'a', 'b', minute)).toBe(true)
    expect(await store.readRecord('k')).toEqual(stored('b'))
  })

  test('a record is removed only while it is the expected one', async () => {
    const store = await open()
    await store.putIfAbsent('k', 'a', minute)
    expect(await store.remove('k', 'x')).toBe(false)
    expect(await store.readRecord('k')).toEqual(stored('a'))
    expect(await store.remove('k', 'a')).toBe(true)
    expect(await store.readRecord('k')).toBeNull()
  })

  test('a record expires at the end of its time to live', async () => {
    const store = await open()
    await store.putIfAbsent('k', 'a', 30)
    await expect.poll(() => store.readRecord('k')).toBeNull()
    expect(await store.replace('k', 'a', 'b', minute)).toBe(false)
    expect(await store.putIfAbsent('k', 'c', minute)).toBeNull()
  })

  test('of many concurrent writes, one succeeds', async () => {
    const store = await open()
    const put = await Promise.all(
      Array.from({ length: 50 }, (_, n) => store.putIfAbsent('k', `${n}`, minute)),
    )
    expect(put.filter((existing) => existing === null)).toHaveLength(1)
  })

  test('keys and records are any strings', async () => {
    const store = await open()
    const record = JSON.stringify({ name: '“Ünï” 😀\u0000\n' })
    await store.putIfAbsent("k'; --\u0000", record, minute)
    expect(await store.readRecord("k'; --\u0000")).toEqual(stored(record))
    expect(await store.replace("k'; --\u0000", record, 'b', minute)).toBe(true)
  })
})

test('SQLite keeps records across processes, and one process uses it at a time', async () => {
  const [, createUrl] = storeUrls[1] ?? []
  const url = (await createUrl?.()) ?? ''
  const first = await openTestStore(url)
  await first.putIfAbsent('k', 'a', minute)
  await expect(openTestStore(url)).rejects.toThrow(
    /Another process uses .*test\.db\. To share a store, set STORE_URL to redis:\/\/…/,
  )
  await first.close()
  const second = await openTestStore(url)
  expect(await second.readRecord('k')).toEqual(stored('a'))
  await second.close()
})

test.runIf(hasRedis)(
  'without Redis operations reject at once, and succeed when it is reachable again',
  async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    onTestFinished(() => store.close())
    await redis.kill()
    await expect(store.putIfAbsent('k', 'a', minute)).rejects.toBeInstanceOf(Error)
    await expect(store.readRecord('k')).rejects.toBeInstanceOf(Error)
    await redis.start()
    await expect.poll(() => store.putIfAbsent('k', 'a', minute).catch(() => 'unreachable')).toBeNull()
  },
)

test.runIf(hasRedis)('a blocked process does not report Redis as unreachable', async () => {
  const redis = await startRedis()
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  const reply = store.readRecord('k')
  const heldUpUntil = performance.now() + 1500
  while (performance.now() < heldUpUntil);
  expect(await reply).toBeNull()
})

describe.runIf(hasRedis)('permits on one Redis', () => {
  const lifetimeMs = 1160

  test('are shared, and the replicas that request them are counted', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    await endQuarantine(redis, one)
    expect(await one.take({ wanted: 3 })).toMatchObject({ granted: 3, replicas: 1, isQuarantined: false })
    const { granted, waitMs, replicas } = await another.take({ wanted: 3 })
    expect([granted, replicas]).toEqual([2, 2])
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(lifetimeMs)
    expect(await one.take()).toMatchObject({ granted: 0, replicas: 2 })
  })

  test('of concurrent requests of one replica are all counted', async () => {
    const redis = await startRedis()
    const { take } = await openReplica(redis)
    await endQuarantine(redis, { take })
    const replies = await Promise.all(Array.from({ length: 8 }, () => take({ wanted: 1 })))
    expect(replies.map(({ granted }) => granted)).toEqual([1, 1, 1, 1, 1, 0, 0, 0])
  })

  test('count for the lifetime that their replica requests', async () => {
    const redis = await startRedis()
    const { take } = await openReplica(redis)
    await endQuarantine(redis, { take })
    await take({ wanted: 2, lifetimeMs: 50 })
    await take({ wanted: 3, lifetimeMs: 2400 })
    await expect.poll(async () => (await take({ wanted: 5 })).granted).toBe(2)
  })

  test('are not granted by an empty Redis until all that it may have lost have expired', async () => {
    const redis = await startRedis()
    const { take } = await openReplica(redis)
    const first = await take({ wanted: 1 })
    expect(first).toEqual({
      granted: 0,
      waitMs: 2000,
      replicas: 1,
      now: expect.any(Number),
      isQuarantined: true,
    })
    const late = await take({ wanted: 1, lifetimeMs: 2400 })
    expect(late.waitMs).toBeLessThanOrEqual(2000)
    await expect
      .poll(async () => await take({ wanted: 1 }), { timeout: 10_000 })
      .toMatchObject({ granted: 1 })
    // The same is true after FLUSHALL.
    await redis.run('FLUSHALL')
    expect(await take({ wanted: 1 })).toMatchObject({ granted: 0, waitMs: 2000, isQuarantined: true })
  })

  test('are granted by a Redis that is empty because all data has expired', async () => {
    const redis = await startRedis()
    const { take } = await openReplica(redis)
    await endQuarantine(redis, { take })
    await take({ wanted: 5, lifetimeMs: 20 })
    // The keys with an expiry have expired.
    await redis.run('DEL', replicasKey)
    await expect
      .poll(async () => await take({ wanted: 5 }))
      .toMatchObject({ granted: 5, isQuarantined: false })
  })

  test('a replica notices an older copy of the data that lacks its latest reply', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    await endQuarantine(redis, one)
    const earlier = await one.take()
    const [replicas, records] = [await redis.run('HKEYS', replicasKey), await redis.run('HVALS', replicasKey)]
    let now = earlier.now
    while (now === earlier.now) now = (await one.take({ wanted: 5 })).now
    // A failover: the latest grant was not replicated.
    await redis.run('DEL', permitsKey)
    await redis.run('HSET', replicasKey, ...replicas.flatMap((replica, n) => [replica, records[n] ?? '']))
    expect(await another.take()).toMatchObject({ isQuarantined: false })
    expect(await one.take({ wanted: 5, confirmedAt: now })).toMatchObject({ granted: 0, isQuarantined: true })
  })

  test.each([
    ['permits of an hour ahead', (ahead: string) => ['ZADD', permitsKey, ahead, 'a 1 1']],
    ['a quarantine of an hour ahead', (ahead: string) => ['SET', quarantineKey, ahead]],
  ])('%s, after a clock was set back, block replicas for at most one window', async (_what, write) => {
    const redis = await startRedis()
    const { take } = await openReplica(redis)
    await endQuarantine(redis, { take })
    await redis.run(...write(String(Date.now() + 3_600_000)))
    expect(await take({ wanted: 1 })).toMatchObject({ granted: 0, waitMs: 2000, isQuarantined: true })
    await endQuarantine(redis, { take })
    expect(await take({ wanted: 5 })).toMatchObject({ granted: 5, isQuarantined: false })
  })

  test('a reported clock jump makes all replicas wait for one window, once', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    await endQuarantine(redis, one)
    expect(await one.take({ wanted: 1, hasClockJumped: true })).toMatchObject({
      granted: 0,
      isQuarantined: true,
    })
    const { waitMs } = await another.take({ wanted: 1, hasClockJumped: true })
    expect(waitMs).toBeLessThanOrEqual(2000)
    await endQuarantine(redis, one)
    expect(await another.take({ wanted: 1 })).toMatchObject({ granted: 1, isQuarantined: false })
  })

  test('the share of a replica that confirms nothing is reserved, with what it reports as sent', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    await endQuarantine(redis, one)
    const { now } = await one.take()
    const as = { limit: 10, wanted: 10, confirmedAt: now, lifetimeMs: 1 }
    await another.take({ share: 4 })
    expect(await one.take(as)).toMatchObject({ granted: 6 })
    await another.take({ share: 4, uncounted: 7 })
    await expect.poll(async () => (await one.take(as)).granted).toBe(3)
    // It has rejoined: its share is free again, except for what it sent.
    await another.take({ share: 4, uncounted: 3, confirmedAt: now })
    await expect.poll(async () => (await one.take(as)).granted).toBe(7)
    // A replica with a share of 0 has nothing reserved.
    await another.take({ share: 0 })
    await expect.poll(async () => (await one.take(as)).granted).toBe(10)
  })

  test('the share of a closed replica is free again', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    await endQuarantine(redis, one)
    const { now } = await one.take()
    await another.take({ share: 4 })
    expect(await one.take({ wanted: 5, limit: 5, share: 1, confirmedAt: now })).toMatchObject({ granted: 1 })
    await another.close()
    expect(await one.take({ confirmedAt: now })).toMatchObject({ replicas: 1 })
    expect(await one.take({ wanted: 5, limit: 5, share: 1, confirmedAt: now })).toMatchObject({ granted: 4 })
  })
})

const permitsKey = 'callbell-graphql:permits'
const replicasKey = 'callbell-graphql:permits:replicas'
const quarantineKey = 'callbell-graphql:permits:quiet-until'

async function openReplica(redis: RedisServer) {
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  const { acquireShared } = store
  if (acquireShared === undefined) throw new Error('replicas do not share permits')
  return {
    take: (changes?: Partial<PermitRequest>) => acquireShared(permitRequest(changes)),
    close: () => store.close(),
  }
}

/** Ends the quarantine, as if all lost permits had expired. */
async function endQuarantine(redis: RedisServer, { take }: { take: () => Promise<unknown> }): Promise<void> {
  await take()
  await redis.run('SET', quarantineKey, '1')
  await redis.run('DEL', permitsKey, replicasKey)
}
