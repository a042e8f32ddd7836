/** Records that count toward their owner's quota. */
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@redis/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { newSqliteFile, openTestStore, stored, storeUrls } from '../../support/stores.ts'

const minute = 60_000
const limitBytes = 100

async function openReadyStore(url: string): Promise<Store> {
  const store = await openTestStore(url)
  onTestFinished(() => store.close())
  return store
}

const put = { state: 'PUT' }
const overLimit = (usedBytes: number) => ({ state: 'OVER_LIMIT', usedBytes })
const claim = (store: Store, key: string, owner: string, bytes: number, ttlMs = minute) =>
  store.claim(key, `record of ${key}`, ttlMs, { owner, bytes, limitBytes })

describe.each(storeUrls)('%s', (_name, createUrl) => {
  const open = async (): Promise<Store> => openReadyStore(await createUrl())

  test('a record is written while its owner’s quota has room, and other owners have their own', async () => {
    const store = await open()
    expect(await claim(store, 'a', 'one', 60)).toEqual(put)
    expect(await claim(store, 'b', 'one', 40)).toEqual(put)
    expect(await claim(store, 'c', 'one', 1)).toEqual(overLimit(100))
    expect(await claim(store, 'c', 'two', 100)).toEqual(put)
    expect(await store.readRecord('c')).toEqual(stored('record of c'))
  })

  test('a limit of 0 means no limit, and records written without one still count', async () => {
    const store = await open()
    const charge = { owner: 'one', bytes: 1000, limitBytes: 0 }
    expect(await store.claim('a', 'x', minute, charge)).toEqual(put)
    expect(await store.claim('b', 'x', minute, charge)).toEqual(put)
    expect(await claim(store, 'c', 'one', 1)).toEqual(overLimit(2000))
  })

  test('a key with a record returns it, whatever the quota', async () => {
    const store = await open()
    expect(await claim(store, 'a', 'one', 100)).toEqual(put)
    expect(await store.claim('a', 'x', minute, { owner: 'one', bytes: 1, limitBytes })).toEqual({
      state: 'PRESENT',
      ...stored('record of a'),
    })
    expect(await claim(store, 'b', 'one', 1)).toEqual(overLimit(100))
  })

  test('a replaced record counts for its new size', async () => {
    const store = await open()
    await claim(store, 'a', 'one', 80)
    const smaller = { owner: 'one', bytes: 30, replacedBytes: 80 }
    expect(await store.replace('a', 'another', 'x', minute, smaller)).toBe(false)
    expect(await claim(store, 'b', 'one', 50)).toEqual(overLimit(80))
    expect(await store.replace('a', 'record of a', 'x', minute, smaller)).toBe(true)
    expect(await claim(store, 'b', 'one', 71)).toEqual(overLimit(30))
    // Only the first write of a key has a limit. The outcome of a call is always stored.
    const larger = { owner: 'one', bytes: 150, replacedBytes: 30 }
    expect(await store.replace('a', 'x', 'y', minute, larger)).toBe(true)
    expect(await claim(store, 'b', 'one', 1)).toEqual(overLimit(150))
  })

  test('a removed record frees its bytes', async () => {
    const store = await open()
    await claim(store, 'a', 'one', 60)
    await claim(store, 'b', 'one', 40)
    expect(await store.remove('a', 'another', { owner: 'one', bytes: 60 })).toBe(false)
    expect(await claim(store, 'c', 'one', 60)).toEqual(overLimit(100))
    expect(await store.remove('a', 'record of a', { owner: 'one', bytes: 60 })).toBe(true)
    expect(await claim(store, 'c', 'one', 61)).toEqual(overLimit(40))
    expect(await claim(store, 'c', 'one', 60)).toEqual(put)
  })

  test('an expired record frees its bytes', async () => {
    const store = await open()
    expect(await claim(store, 'a', 'one', 60, 100)).toEqual(put)
    await claim(store, 'b', 'one', 40)
    await expect.poll(() => claim(store, 'c', 'one', 60)).toEqual(put)
    expect(await claim(store, 'd', 'one', 1)).toEqual(overLimit(100))
  })

  test('concurrent writes never exceed the quota', async () => {
    const store = await open()
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => claim(store, `${n}`, 'one', 10)))
    expect(results.map(({ state }) => state).toSorted()).toEqual([
      ...Array.from({ length: 40 }, () => 'OVER_LIMIT'),
      ...Array.from({ length: 10 }, () => 'PUT'),
    ])
  })

  test('hundreds of records with many expiries leave nothing in the quota', async () => {
    const store = await open()
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (key, n) => {
          await claim(store, key, 'one', 20)
          const charge = { owner: 'one', bytes: n + 1, replacedBytes: 20 }
          await store.replace(key, `record of ${key}`, 'x', minute, charge)
          await store.remove(key, 'x', { owner: 'one', bytes: n + 1 })
        }),
      )
    }
    expect(await claim(store, 'a', 'one', 100)).toEqual(put)
    expect(await claim(store, 'b', 'one', 1)).toEqual(overLimit(100))
  })
})

test('SQLite knows the quotas used by an earlier process', async () => {
  const url = `sqlite:${newSqliteFile()}`
  const first = await openTestStore(url)
  await claim(first, 'a', 'one', 60)
  await first.close()
  const second = await openReadyStore(url)
  expect(await claim(second, 'b', 'one', 50)).toEqual(overLimit(60))
  expect(await second.remove('a', 'record of a')).toBe(true)
  expect(await claim(second, 'b', 'one', 100)).toEqual(put)
})

test('SQLite migrates a file of an earlier version, whose records count toward no quota', async () => {
  const file = newSqliteFile()
  const database = new DatabaseSync(file)
  database.exec(
    'CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
  )
  const insert = database.prepare('INSERT INTO records VALUES (?, ?, ?)')
  for (const key of ['a', 'b']) insert.run(key, `record of ${key}`, Date.now() + minute)
  database.close()
  const store = await openReadyStore(`sqlite:${file}`)
  expect(await claim(store, 'a', 'one', 1)).toEqual({ state: 'PRESENT', ...stored('record of a') })
  expect(await claim(store, 'c', 'one', 90)).toEqual(put)
  const charge = { owner: 'one', bytes: 10, replacedBytes: 11 }
  expect(await store.replace('a', 'record of a', 'x', minute, charge)).toBe(true)
  expect(await store.remove('b', 'record of b', { owner: 'one', bytes: 11 })).toBe(true)
  expect(await claim(store, 'd', 'one', 1)).toEqual(overLimit(100))
})

describe.runIf(hasRedis)('the share of an owner in Redis', () => {
  test('is one small hash that ends with its records, and names nobody', { timeout: 300_000 }, async () => {
    const { url } = await startRedis()
    const [store, client] = [await openReadyStore(url), await createClient({ url }).connect()]
    onTestFinished(() => client.close())
    for (let n = 0; n < 200; n += 1) await claim(store, `${n}`, 'key:web', n % 2, 3000)
    const [share = ''] = await client.keys('callbell-graphql:share:*')
    expect(share).toMatch(/^callbell-graphql:share:[\w-]{43}$/)
    expect(await client.hLen(share)).toBeLessThanOrEqual(26)
    await expect.poll(() => client.keys('*'), { timeout: 90_000 }).toEqual(['callbell-graphql:epoch'])
  })

  test('does not grow by a record that another version wrote without a charge', async () => {
    const { url } = await startRedis()
    const store = await openReadyStore(url)
    await store.putIfAbsent('a', 'old', minute)
    await claim(store, 'b', 'one', 90)
    expect(await store.remove('a', 'old', { owner: 'one', bytes: 1_000_000 })).toBe(true)
    expect(await claim(store, 'c', 'one', 11)).toEqual(overLimit(90))
  })
})

describe.runIf(hasRedis)('a full Redis', () => {
  test('refuses a claim without a trace, and still returns existing records', async () => {
    const redis = await startRedis()
    const store = await openReadyStore(redis.url)
    await claim(store, 'a', 'one', 10)
    await redis.configure('maxmemory', '1')
    const refused = await claim(store, 'b', 'one', 10)
    expect(refused).toEqual({ state: 'REFUSED', reason: expect.stringMatching(/^OOM /) })
    expect(await claim(store, 'a', 'one', 10)).toEqual({ state: 'PRESENT', ...stored('record of a') })
    await expect(
      store.replace('a', 'record of a', 'x', minute, { owner: 'one', bytes: 5, replacedBytes: 10 }),
    ).rejects.toThrow('OOM')
    await expect(store.ping()).rejects.toThrow('Redis is out of memory')
    // Removals are never refused.
    expect(await store.remove('a', 'record of a', { owner: 'one', bytes: 10 })).toBe(true)
    await redis.configure('maxmemory', '0')
    expect(await claim(store, 'b', 'one', 100)).toEqual(put)
    await expect(store.ping()).resolves.toBeNull()
  })
})
