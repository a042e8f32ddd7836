/** A Redis that the store cannot use: its problem is named, and it is used as soon as the problem is solved. */
import { describe, expect, test } from 'vitest'
import { epochKey } from '../../support/redis-epoch.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import {
  claim,
  openClient,
  openLoggedStore,
  openReadyStore,
  prefix,
  problemOf,
  tryClaim,
} from '../../support/redis-store.ts'
import { startTcpSwitch } from '../../support/tcp-switch.ts'

function warning(policy: string): string {
  return `Redis may evict idempotency keys: its maxmemory-policy is ${policy}; set it to noeviction`
}

describe.runIf(hasRedis)('a problem is named, and solved without a restart', { timeout: 300_000 }, () => {
  test('a cluster is refused at the start', async () => {
    const { url } = await startRedis({ settings: ['--cluster-enabled', 'yes'], isNew: true })
    const { store } = await tryOpen(url)
    expect(store).toBe(
      'Redis is a cluster, which is not supported; use a single Redis, or one with replicas behind one address',
    )
  })

  test('a cluster that becomes reachable later is named', async () => {
    const cluster = await startRedis({ settings: ['--cluster-enabled', 'yes'], isNew: true })
    const single = await startRedis()
    const { port, setTarget } = await startTcpSwitch(null)
    const { store, lines } = await openLoggedStore(`redis://127.0.0.1:${port}`)
    expect(await problemOf(store)).toBe('Redis is unreachable (the connection was lost)')
    setTarget(cluster.port)
    await expect.poll(() => problemOf(store)).toMatch(/^Redis is a cluster, which is not supported; /)
    expect(await claim(store, 'k')).toEqual({ state: 'REFUSED', reason: await problemOf(store) })
    setTarget(single.port)
    await expect.poll(() => problemOf(store)).toBeNull()
    expect(lines).toMatchObject([
      { level: 40, msg: 'Redis is unreachable', reason: expect.stringContaining('is unreachable') },
      { level: 40, msg: 'Redis is unreachable', reason: expect.stringContaining('cluster') },
      { level: 30, msg: 'Redis is reachable again' },
    ])
  })

  test('a Redis that loads its data is named', async () => {
    const redis = await startRedis({ keepsData: true })
    const { store } = await openLoggedStore(redis.url)
    // Few at a time, so that each is answered within a second.
    for (let n = 0; n < 60; n += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, m) => claim(store, `${n * 50 + m}`)))
    }
    await redis.kill()
    // While it loads, it answers once per thousand commands of its file.
    const started = redis.start(['--key-load-delay', '300'])
    await expect.poll(() => problemOf(store), { timeout: 90_000 }).toBe('Redis is loading its data')
    expect(await claim(store, 'new')).toEqual({ state: 'REFUSED', reason: 'Redis is loading its data' })
    await started
    await expect.poll(() => problemOf(store), { timeout: 90_000 }).toBeNull()
    expect(await claim(store, '0')).toMatchObject({ state: 'PRESENT', record: 'record of 0' })
  })

  test('a missing password and a wrong one are named, and not logged', async () => {
    const redis = await startRedis({ settings: ['--requirepass', 'right'], isNew: true })
    const { store } = await openLoggedStore(redis.url)
    expect(await problemOf(store)).toBe('Redis requires a password')
    const wrong = await openLoggedStore(redis.url.replace('//', '//:wrong@'))
    expect(await problemOf(wrong.store)).toBe('Redis rejects the user name or the password')
    expect(JSON.stringify([await tryClaim(wrong.store, 'k'), wrong.lines])).not.toMatch(/wrong|127\.0/)
    const client = await openClient(redis.url.replace('//', '//:right@'))
    await client.configSet('requirepass', '')
    await expect.poll(() => Promise.all([problemOf(store), problemOf(wrong.store)])).toEqual([null, null])
  })

  test('a missing permission for scripts, or for a command in them, is named', async () => {
    const redis = await startRedis()
    const client = await openClient(redis.url)
    const setUser = (...rules: string[]) =>
      client.aclSetUser('gateway', ['reset', 'on', '>secret', '~*', '+@all', ...rules])
    await setUser('-eval')
    const { store } = await openLoggedStore(redis.url.replace('//', '//gateway:secret@'))
    const lacking = 'The Redis user lacks permission for a command that the gateway needs'
    expect(await problemOf(store)).toBe(lacking)
    await setUser()
    await expect.poll(() => problemOf(store)).toBeNull()
    await client.aclSetUser('gateway', '-eval')
    expect(await claim(store, 'a')).toEqual({
      state: 'REFUSED',
      reason: expect.stringMatching(/^NOPERM .*'eval'/),
    })
    expect(await problemOf(store)).toBe(lacking)
    // The record is written before the quota, so the error must not say that it was not.
    await client.aclSetUser('gateway', ['+eval', '-hincrby'])
    expect(await tryClaim(store, 'b')).toMatch(/The user executing the script/)
    expect(await client.exists(`${prefix}b`)).toBe(1)
    expect(await problemOf(store)).toBe(lacking)
    await setUser()
    await expect.poll(() => problemOf(store)).toBeNull()
  })

  test('a replica that has lost its primary is named', async () => {
    const replica = await startRedis()
    const { store } = await openLoggedStore(replica.url)
    const client = await openClient(replica.url)
    await client.configSet('replica-serve-stale-data', 'no')
    await client.replicaOf('127.0.0.1', 1)
    await expect.poll(() => problemOf(store)).toBe('Redis is a replica that has lost its master')
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await expect.poll(() => problemOf(store)).toBeNull()
  })

  test('an eviction policy is logged as a warning each time it is set', async () => {
    const redis = await startRedis({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
    const { store, lines } = await openLoggedStore(redis.url)
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
    const store = await openReadyStore(redis.url)
    const client = await openClient(redis.url)
    await store.ping()
    await expect.poll(async () => (await client.keys('*')).filter((key) => key !== epochKey)).toEqual([])
    await store.ping()
  })
})

/** @returns the store, or the message of its error */
async function tryOpen(url: string): Promise<{ readonly store: unknown }> {
  return { store: await openLoggedStore(url).catch((error: Error) => error.message) }
}
