/** How the store handles each kind of failing Redis. */
import { createClient } from '@redis/client'
import pino from 'pino'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '../../../src/store/open-store.ts'
import type { ClaimResult, Store } from '../../../src/store/store.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { epochKey } from '../../support/redis-epoch.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore } from '../../support/stores.ts'
import { startTcpSwitch } from '../../support/tcp-switch.ts'

const minute = 60_000
const charge = { owner: 'one', bytes: 10, limitBytes: 0 }
const put = { state: 'PUT' }

function claim(store: Store, key: string, record = `record of ${key}`): Promise<ClaimResult> {
  return store.claim(key, record, minute, charge)
}

/** As long as a claim rejects, why. */
function tryClaim(store: Store, key: string): Promise<unknown> {
  return claim(store, key).catch((error: Error) => error.message)
}

async function openUntilEnd(url: string, quarantineMs = 0): Promise<Store> {
  const store = await openTestStore(url, { quarantineMs })
  onTestFinished(() => store.close())
  return store
}

/** A store that need not be of use, and its log. */
async function openLogged(url: string) {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) })
  const store = await openStore(url, log, { quarantineMs: 0 })
  onTestFinished(() => store.close())
  return { store, lines }
}

/** To see and change what is in Redis. */
async function openClient(url: string) {
  const client = await createClient({ url }).connect()
  onTestFinished(() => client.close())
  return client
}

const reasonOf = (store: Store): Promise<string | null> => store.ping().catch((error: Error) => error.message)

function warning(policy: string): string {
  return `Redis may evict idempotency keys: its maxmemory-policy is ${policy}; set it to noeviction`
}

/** Our clock against that of Redis. */
function holdClock(): { setBack(ms: number): void } {
  const now = performance.now.bind(performance)
  let backMs = 0
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() - backMs)
  onTestFinished(() => spy.mockRestore())
  return { setBack: (ms) => void (backMs += ms) }
}

const prefix = 'callbell-graphql:'
const microsecondsAgo = (ms: number): number => (Date.now() - ms) * 1000

describe.runIf(hasRedis)(
  'what a store can’t work with is named, and used as soon as it works',
  { timeout: 300_000 },
  () => {
    test('a cluster, at the start', async () => {
      const { url } = await startRedis({ settings: ['--cluster-enabled', 'yes'], isNew: true })
      const { store } = await startSoon(url)
      expect(store).toBe(
        'Redis is a cluster, which is not supported; use a single Redis, or one with replicas behind one address',
      )
    })

    test('a cluster that becomes reachable later', async () => {
      const cluster = await startRedis({ settings: ['--cluster-enabled', 'yes'], isNew: true })
      const single = await startRedis()
      const { port, leadTo } = await startTcpSwitch(null)
      const { store, lines } = await openLogged(`redis://127.0.0.1:${port}`)
      expect(await reasonOf(store)).toBe('Redis is unreachable (the connection was lost)')
      leadTo(cluster.port)
      await expect.poll(() => reasonOf(store)).toMatch(/^Redis is a cluster, which is not supported; /)
      expect(await claim(store, 'k')).toEqual({ state: 'REFUSED', reason: await reasonOf(store) })
      leadTo(single.port)
      await expect.poll(() => reasonOf(store)).toBeNull()
      expect(lines).toMatchObject([
        { level: 40, msg: 'Redis is unreachable', reason: expect.stringContaining('is unreachable') },
        { level: 40, msg: 'Redis is unreachable', reason: expect.stringContaining('cluster') },
        { level: 30, msg: 'Redis is reachable again' },
      ])
    })

    test('a Redis that is loading its data', async () => {
      const redis = await startRedis({ keepsData: true })
      const { store } = await openLogged(redis.url)
      // Few at a time: each is to be answered within a second.
      for (let n = 0; n < 60; n += 1) {
        await Promise.all(Array.from({ length: 50 }, (_, m) => claim(store, `${n * 50 + m}`)))
      }
      await redis.kill()
      // It answers once for each thousand of the commands that it reads from its file.
      const started = redis.start(['--key-load-delay', '300'])
      await expect.poll(() => reasonOf(store), { timeout: 90_000 }).toBe('Redis is loading its data')
      expect(await claim(store, 'new')).toEqual({ state: 'REFUSED', reason: 'Redis is loading its data' })
      await started
      await expect.poll(() => reasonOf(store), { timeout: 90_000 }).toBeNull()
      expect(await claim(store, '0')).toMatchObject({ state: 'PRESENT', record: 'record of 0' })
    })

    test('a missing password, and a wrong one', async () => {
      const redis = await startRedis({ settings: ['--requirepass', 'right'], isNew: true })
      const { store } = await openLogged(redis.url)
      expect(await reasonOf(store)).toBe('Redis requires a password')
      const wrong = await openLogged(redis.url.replace('//', '//:wrong@'))
      expect(await reasonOf(wrong.store)).toBe('Redis rejects the user name or the password')
      expect(JSON.stringify([await tryClaim(wrong.store, 'k'), wrong.lines])).not.toMatch(/wrong|127\.0/)
      const client = await openClient(redis.url.replace('//', '//:right@'))
      await client.configSet('requirepass', '')
      await expect.poll(() => Promise.all([reasonOf(store), reasonOf(wrong.store)])).toEqual([null, null])
    })

    test('a user without permission for scripts, or for a command in them', async () => {
      const redis = await startRedis()
      const client = await openClient(redis.url)
      const setUser = (...rules: string[]) =>
        client.aclSetUser('gateway', ['reset', 'on', '>secret', '~*', '+@all', ...rules])
      await setUser('-eval')
      const { store } = await openLogged(redis.url.replace('//', '//gateway:secret@'))
      const lacking = 'The Redis user lacks permission for a command that the gateway needs'
      expect(await reasonOf(store)).toBe(lacking)
      await setUser()
      await expect.poll(() => reasonOf(store)).toBeNull()
      await client.aclSetUser('gateway', '-eval')
      expect(await claim(store, 'a')).toEqual({
        state: 'REFUSED',
        reason: expect.stringMatching(/^NOPERM .*'eval'/),
      })
      expect(await reasonOf(store)).toBe(lacking)
      // The record is written before the share: nobody may say that it is not.
      await client.aclSetUser('gateway', ['+eval', '-hincrby'])
      expect(await tryClaim(store, 'b')).toMatch(/The user executing the script/)
      expect(await client.exists(`${prefix}b`)).toBe(1)
      expect(await reasonOf(store)).toBe(lacking)
      await setUser()
      await expect.poll(() => reasonOf(store)).toBeNull()
    })

    test('a replica that has lost its primary', async () => {
      const replica = await startRedis()
      const { store } = await openLogged(replica.url)
      const client = await openClient(replica.url)
      await client.configSet('replica-serve-stale-data', 'no')
      await client.replicaOf('127.0.0.1', 1)
      await expect.poll(() => reasonOf(store)).toBe('Redis is a replica that has lost its master')
      await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
      await expect.poll(() => reasonOf(store)).toBeNull()
    })

    test('an eviction policy is a warning, each time that it is set', async () => {
      const redis = await startRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
      const { store, lines } = await openLogged(redis.url)
      expect(await store.ping()).toBe(warning('allkeys-lru'))
      expect(await store.ping()).toBe(warning('allkeys-lru'))
      await redis.configure('maxmemory-policy', 'noeviction')
      expect(await store.ping()).toBeNull()
      await redis.configure('maxmemory-policy', 'volatile-ttl')
      expect(await store.ping()).toBe(warning('volatile-ttl'))
      expect(lines).toMatchObject([
        { level: 40, msg: warning('allkeys-lru') },
        { level: 40, msg: warning('volatile-ttl') },
      ])
    })

    test('a probe leaves no keys, and can be repeated', async () => {
      const redis = await startRedis()
      const store = await openUntilEnd(redis.url)
      const client = await openClient(redis.url)
      await store.ping()
      await expect.poll(async () => (await client.keys('*')).filter((key) => key !== epochKey)).toEqual([])
      await store.ping()
    })
  },
)

/** @returns the store, or why it can't be opened */
async function startSoon(url: string): Promise<{ readonly store: unknown }> {
  return { store: await openLogged(url).catch((error: Error) => error.message) }
}

describe.runIf(hasRedis)('a failover behind one address', { timeout: 300_000 }, () => {
  test('a master that has become a replica is left for the new one, with what it had', async () => {
    const [first, second] = [await startRedis(), await startRedis()]
    const clients = [await openClient(first.url), await openClient(second.url)] as const
    await clients[1].replicaOf('127.0.0.1', first.port)
    const { port, leadTo } = await startTcpSwitch(first.port)
    const { store, lines } = await openLogged(`redis://127.0.0.1:${port}`)
    await claim(store, 'k')
    await expect.poll(() => clients[1].get(`${prefix}k`)).toMatch(/:record of k$/)
    await clients[1].sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await clients[0].replicaOf('127.0.0.1', second.port)
    // The old connection is still there: what it has may be old by now.
    expect(await store.readRecord('k').catch((error: Error) => error.message)).toMatch(/READONLY/)
    expect(await claim(store, 'new')).toMatchObject({ state: 'REFUSED' })
    await expect.poll(() => reasonOf(store)).toBe('Redis is a read-only replica')
    leadTo(second.port)
    await expect.poll(() => tryClaim(store, 'k')).toMatchObject({ state: 'PRESENT', record: 'record of k' })
    await expect.poll(() => tryClaim(store, 'new')).toEqual(put)
    expect(await clients[1].exists(`${prefix}new`)).toBe(1)
    expect(lines).toMatchObject([
      { reason: 'Redis is a read-only replica' },
      { msg: 'Redis is reachable again' },
    ])
  })

  test('a server without data quarantines unknown keys, but not locks', async () => {
    const [first, second] = [await startRedis(), await startRedis({ isNew: true })]
    const { port, leadTo, cut } = await startTcpSwitch(first.port)
    const store = await openUntilEnd(`redis://127.0.0.1:${port}`, minute)
    expect(await claim(store, 'k')).toEqual(put)
    leadTo(second.port)
    cut()
    await expect.poll(() => tryClaim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
    // Locks are not: what they protect can be seen at Callbell.
    expect(await store.putIfAbsent('lock', 'a', minute)).toBeNull()
    expect(await claim(store, 'lock')).toMatchObject({ state: 'PRESENT', record: 'a' })
  })

  test('a dead connection is replaced', async () => {
    const [first, second] = [await startRedis(), await startRedis()]
    const { port, leadTo, swallow } = await startTcpSwitch(first.port)
    const store = await openUntilEnd(`redis://127.0.0.1:${port}`)
    leadTo(second.port)
    swallow()
    await expect(claim(store, 'k')).rejects.toThrow('Redis did not reply within 1000 ms')
    await expect.poll(() => tryClaim(store, 'k'), { timeout: 90_000 }).toEqual(put)
  })
})

describe.runIf(hasRedis)('a Redis that has lost its data', { timeout: 300_000 }, () => {
  const quarantineMs = 3000

  /** Claims until the quarantine is over. */
  async function expectQuarantine(store: Store): Promise<void> {
    const first = await claim(store, 'k')
    expect(first).toEqual({ state: 'QUARANTINED', retryAfterMs: expect.any(Number) })
    const retryAfterMs = 'retryAfterMs' in first ? first.retryAfterMs : 0
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(quarantineMs)
    await expect.poll(() => claim(store, 'k'), { timeout: 90_000 }).toEqual(put)
  }

  test('by FLUSHALL: an unknown key must wait, and nothing is written', async () => {
    const { url } = await startRedis()
    const [store, client] = [await openUntilEnd(url, quarantineMs), await openClient(url)]
    expect(await claim(store, 'k')).toEqual(put)
    await client.flushAll()
    expect(await claim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
    expect(await client.keys('*')).toEqual([epochKey])
    expect(await client.ttl(epochKey)).toBe(-1)
    await expectQuarantine(store)
  })

  test('by a restart without persistence, and not by one with it', async () => {
    const [forgetful, persistent] = [await startRedis({ isNew: true }), await startRedis({ keepsData: true })]
    const stores = [
      await openUntilEnd(forgetful.url, quarantineMs),
      await openUntilEnd(persistent.url, quarantineMs),
    ] as const
    await expectQuarantine(stores[0])
    expect(await claim(stores[1], 'k')).toEqual(put)
    for (const redis of [forgetful, persistent]) {
      await redis.kill()
      await redis.start()
    }
    await expect.poll(() => reasonOf(stores[0])).toBeNull()
    await expectQuarantine(stores[0])
    await expect.poll(() => tryClaim(stores[1], 'k')).toMatchObject({ state: 'PRESENT' })
    expect(await claim(stores[1], 'l')).toEqual(put)
  })

  test('a probe is not quarantined', async () => {
    const { url } = await startRedis({ isNew: true })
    const store = await openUntilEnd(url, minute)
    expect(await store.ping()).toBeNull()
    expect(await claim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
  })

  test('an epoch in the future does not extend the quarantine', async () => {
    const { url } = await startRedis()
    const [store, client] = [await openUntilEnd(url, quarantineMs), await openClient(url)]
    await client.set(epochKey, String(microsecondsAgo(-60 * minute)))
    expect(await claim(store, 'another')).toMatchObject({ state: 'QUARANTINED' })
    await expectQuarantine(store)
  })
})

describe.runIf(hasRedis)('the clock of Redis', { timeout: 300_000 }, () => {
  test('an age counts from when this process has had Redis, and grows', async () => {
    const redis = await startRedis()
    const client = await openClient(redis.url)
    await client.set(`${prefix}k`, `${microsecondsAgo(minute)}:a`)
    const openedAt = performance.now()
    const store = await openUntilEnd(redis.url)
    const first = await store.readRecord('k')
    expect(first?.ageMs).toBeLessThanOrEqual(performance.now() - openedAt)
    await expect.poll(async () => (await store.readRecord('k'))?.ageMs).toBeGreaterThan(100)
  })

  test('a clock that is set forward makes no record older, and is logged once', async () => {
    const { url } = await startRedis()
    const [{ store, lines }, client] = [await openLogged(url), await openClient(url)]
    const clock = holdClock()
    // For this process two minutes pass in which Redis' clock stands still.
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
    const store = await openUntilEnd(url, minute)
    const clock = holdClock()
    clock.setBack(10_000)
    expect(await claim(store, 'a')).toEqual(put)
    clock.setBack(10_000)
    expect(await store.putIfAbsent('b', 'record', minute)).toBeNull()
    expect(await store.readRecord('b')).toMatchObject({ record: 'record' })
  })

  test('after a jump that may have ended records, unknown keys are quarantined', async () => {
    const { url } = await startRedis()
    const store = await openUntilEnd(url, minute)
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
    const [store, client] = [await openUntilEnd(url), await openClient(url)]
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
    await expect.poll(async () => (await records()).every((there) => (there?.ageMs ?? 0) > 50)).toBe(true)
    expect(await client.ttl(`${prefix}later`)).toBeGreaterThan(0)
    expect(await client.ttl(`${prefix}plain`)).toBeGreaterThan(0)
    expect(await store.replace('unread', '{"state":"CREATED"}', 'b', minute)).toBe(true)
    expect(await store.remove('unread', 'b')).toBe(true)
  })

  test('a record of an earlier version keeps the age 0 while Redis is full', async () => {
    const redis = await startRedis()
    const [store, client] = [await openUntilEnd(redis.url), await openClient(redis.url)]
    await client.set(`${prefix}plain`, 'a')
    await redis.configure('maxmemory', '1')
    expect(await store.readRecord('plain')).toEqual({ record: 'a', ageMs: 0 })
    expect(await client.get(`${prefix}plain`)).toBe('a')
  })
})

describe.runIf(hasRedis)('a Redis that hangs', { timeout: 300_000 }, () => {
  test('does not put later what nobody waits for any more', async () => {
    const redis = await startRedis()
    const store = await openUntilEnd(redis.url)
    const late = await hangWhile(redis, async () => {
      const results = await Promise.all([
        tryClaim(store, 'k'),
        store.putIfAbsent('l', 'a', minute).catch((error: Error) => error.message),
      ])
      // The moment after which they are not put is that of the answer at the latest.
      await new Promise((resolve) => void setTimeout(resolve, 500))
      return results
    })
    expect(late).toEqual(Array.from({ length: 2 }, () => 'Redis did not reply within 1000 ms'))
    const found = (): Promise<unknown> =>
      Promise.all([store.readRecord('k'), store.readRecord('l')]).catch(() => 'not yet')
    await expect.poll(found).toEqual([null, null])
    expect(await claim(store, 'k')).toEqual(put)
  })
})

async function hangWhile<T>(redis: RedisServer, run: () => Promise<T>): Promise<T> {
  redis.hang()
  try {
    return await run()
  } finally {
    redis.goOn()
  }
}
