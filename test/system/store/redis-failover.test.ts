/** Failovers behind one address, and connections and servers that hang. */
import { describe, expect, test } from 'vitest'
import type { RedisServer } from '../../support/redis-server.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import {
  claim,
  minute,
  openClient,
  openLoggedStore,
  openReadyStore,
  prefix,
  put,
  problemOf,
  tryClaim,
} from '../../support/redis-store.ts'
import { startTcpSwitch } from '../../support/tcp-switch.ts'

describe.runIf(hasRedis)('a failover behind one address', { timeout: 300_000 }, () => {
  test('after a failover the store uses the new primary with the replicated records', async () => {
    const [first, second] = [await startRedis(), await startRedis()]
    const clients = [await openClient(first.url), await openClient(second.url)] as const
    await clients[1].replicaOf('127.0.0.1', first.port)
    const { port, setTarget } = await startTcpSwitch(first.port)
    const { store, lines } = await openLoggedStore(`redis://127.0.0.1:${port}`)
    await claim(store, 'k')
    await expect.poll(() => clients[1].get(`${prefix}k`)).toMatch(/:record of k$/)
    await clients[1].sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await clients[0].replicaOf('127.0.0.1', second.port)
    // The old connection is still open, and its data may be stale.
    expect(await store.readRecord('k').catch((error: Error) => error.message)).toMatch(/READONLY/)
    expect(await claim(store, 'new')).toMatchObject({ state: 'REFUSED' })
    await expect.poll(() => problemOf(store)).toBe('Redis is a read-only replica')
    setTarget(second.port)
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
    const { port, setTarget, closeConnections } = await startTcpSwitch(first.port)
    const store = await openReadyStore(`redis://127.0.0.1:${port}`, minute)
    expect(await claim(store, 'k')).toEqual(put)
    setTarget(second.port)
    closeConnections()
    await expect.poll(() => tryClaim(store, 'k')).toMatchObject({ state: 'QUARANTINED' })
    // Locks are not quarantined: Callbell shows the result of what they protect.
    expect(await store.putIfAbsent('lock', 'a', minute)).toBeNull()
    expect(await claim(store, 'lock')).toMatchObject({ state: 'PRESENT', record: 'a' })
  })

  test('a dead connection is replaced', async () => {
    const [first, second] = [await startRedis(), await startRedis()]
    const { port, setTarget, dropData } = await startTcpSwitch(first.port)
    const store = await openReadyStore(`redis://127.0.0.1:${port}`)
    setTarget(second.port)
    dropData()
    await expect(claim(store, 'k')).rejects.toThrow('Redis did not reply within 1000 ms')
    await expect.poll(() => tryClaim(store, 'k'), { timeout: 90_000 }).toEqual(put)
  })
})

describe.runIf(hasRedis)('a Redis that hangs', { timeout: 300_000 }, () => {
  test('does not execute a write later whose call has timed out', async () => {
    const redis = await startRedis()
    const store = await openReadyStore(redis.url)
    const late = await whileSuspended(redis, async () => {
      const results = await Promise.all([
        tryClaim(store, 'k'),
        store.putIfAbsent('l', 'a', minute).catch((error: Error) => error.message),
      ])
      // The timeout is at most the time limit of the write.
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

async function whileSuspended<T>(redis: RedisServer, run: () => Promise<T>): Promise<T> {
  redis.suspend()
  try {
    return await run()
  } finally {
    redis.resume()
  }
}
