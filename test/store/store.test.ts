import { createClient } from '@redis/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore, storeUrls } from '../support/stores.ts'

const minute = 60_000

describe.each(storeUrls)('%s', (_name, createUrl) => {
  async function open(): Promise<Store> {
    const store = await openTestStore(await createUrl())
    onTestFinished(() => store.close())
    return store
  }

  test('a record is put where there is none', async () => {
    const store = await open()
    expect(await store.get('k')).toBeNull()
    expect(await store.putIfAbsent('k', 'a', minute)).toBeNull()
    expect(await store.putIfAbsent('k', 'b', minute)).toBe('a')
    expect(await store.get('k')).toBe('a')
  })

  test('a record is replaced only while it is the expected one', async () => {
    const store = await open()
    expect(await store.replace('k', 'a', 'b', minute)).toBe(false)
    await store.putIfAbsent('k', 'a', minute)
    expect(await store.replace('k', 'x', 'b', minute)).toBe(false)
    expect(await store.replace('k', 'a', 'b', minute)).toBe(true)
    expect(await store.get('k')).toBe('b')
  })

  test('a record is removed only while it is the expected one', async () => {
    const store = await open()
    await store.putIfAbsent('k', 'a', minute)
    expect(await store.remove('k', 'x')).toBe(false)
    expect(await store.get('k')).toBe('a')
    expect(await store.remove('k', 'a')).toBe(true)
    expect(await store.get('k')).toBeNull()
  })

  test('a record is forgotten when its time is over', async () => {
    const store = await open()
    await store.putIfAbsent('k', 'a', 30)
    await expect.poll(() => store.get('k')).toBeNull()
    expect(await store.replace('k', 'a', 'b', minute)).toBe(false)
    expect(await store.putIfAbsent('k', 'c', minute)).toBeNull()
  })

  test('of many who put at once, one does', async () => {
    const store = await open()
    const put = await Promise.all(
      Array.from({ length: 50 }, (_, n) => store.putIfAbsent('k', `${n}`, minute)),
    )
    expect(put.filter((there) => there === null)).toHaveLength(1)
  })

  test('keys and records are any text', async () => {
    const store = await open()
    const record = JSON.stringify({ name: '“Ünï” 😀\u0000\n' })
    await store.putIfAbsent("k'; --\u0000", record, minute)
    expect(await store.get("k'; --\u0000")).toBe(record)
    expect(await store.replace("k'; --\u0000", record, 'b', minute)).toBe(true)
  })
})

test('sqlite remembers across processes, and belongs to one at a time', async () => {
  const [, createUrl] = storeUrls[1] ?? []
  const url = (await createUrl?.()) ?? ''
  const first = await openTestStore(url)
  await first.putIfAbsent('k', 'a', minute)
  await expect(openTestStore(url)).rejects.toThrow(
    /another process uses .*test\.db; several share a redis:\/\/ store/,
  )
  await first.close()
  const second = await openTestStore(url)
  expect(await second.get('k')).toBe('a')
  await second.close()
})

test.runIf(hasRedis)(
  'a Redis that goes away is refused at once, and used again when it is back',
  async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    onTestFinished(() => store.close())
    await redis.kill()
    await expect(store.putIfAbsent('k', 'a', minute)).rejects.toBeInstanceOf(Error)
    await expect(store.get('k')).rejects.toBeInstanceOf(Error)
    await redis.start()
    await expect.poll(() => store.putIfAbsent('k', 'a', minute).catch(() => 'away')).toBeNull()
  },
)

test.runIf(hasRedis)('a Redis is not taken to be away because this process was held up', async () => {
  const redis = await startRedis()
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  const reply = store.get('k')
  const heldUpUntil = performance.now() + 1500
  while (performance.now() < heldUpUntil);
  expect(await reply).toBeNull()
})

describe.runIf(hasRedis)('turns on one Redis', () => {
  const windowMs = 1110

  test('they are shared, and those who ask are counted', async () => {
    const redis = await startRedis()
    const [one, another] = [await openReplica(redis), await openReplica(redis)]
    expect(await one.takeTurns(3, 5, windowMs)).toMatchObject({ granted: 3, replicas: 1 })
    const { granted, waitMs, replicas } = await another.takeTurns(3, 5, windowMs)
    expect([granted, replicas]).toEqual([2, 2])
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(windowMs)
    expect(await one.takeTurns(0, 5, windowMs)).toMatchObject({ granted: 0, replicas: 2 })
  })

  test('those of a Redis that was lost and came back between two questions are refused once', async () => {
    const redis = await startRedis()
    const { get, takeTurns } = await openReplica(redis)
    await takeTurns(5, 5, windowMs)
    await redis.kill()
    await expect.poll(() => get('k').catch(() => 'away')).toBe('away')
    await redis.start()
    await expect.poll(() => get('k').catch(() => 'away')).toBeNull()
    await expect(takeTurns(1, 5, windowMs)).rejects.toThrow('Redis was lost, and may have forgotten turns')
    expect(await takeTurns(1, 5, windowMs)).toMatchObject({ granted: 1 })
  })

  test('those of a Redis that was found to be away are not refused when it is back', async () => {
    const redis = await startRedis()
    const { get, takeTurns } = await openReplica(redis)
    await takeTurns(5, 5, windowMs)
    await redis.kill()
    await expect(takeTurns(1, 5, windowMs)).rejects.toBeInstanceOf(Error)
    await redis.start()
    await expect.poll(() => get('k').catch(() => 'away')).toBeNull()
    expect(await takeTurns(1, 5, windowMs)).toMatchObject({ granted: 1 })
  })

  test('a Redis whose clock is set back locks nobody out', async () => {
    const redis = await startRedis()
    const { takeTurns } = await openReplica(redis)
    const client = await createClient({ url: redis.url }).connect()
    onTestFinished(() => client.close())
    await takeTurns(5, 5, windowMs)
    const [key = ''] = await client.keys('*turns')
    const later = String(Date.now() + 3_600_000)
    for (let turn = 0; turn < 5; turn += 1) await client.lSet(key, turn, later)
    expect(await takeTurns(5, 5, windowMs)).toMatchObject({ granted: 5 })
  })
})

async function openReplica(redis: RedisServer) {
  const store = await openTestStore(redis.url)
  onTestFinished(() => store.close())
  const { takeTurns } = store
  if (takeTurns === undefined) throw new Error('replicas do not share turns')
  return { get: (key: string) => store.get(key), takeTurns }
}
