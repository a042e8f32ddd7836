/** Three gateway processes on one Redis serve requests like one process. */
import { createClient } from '@redis/client'
import { describe, expect, test } from 'vitest'
import type { ChildGateway } from '../support/child-gateway.ts'
import { startGateway } from '../support/child-gateway.ts'
import { byName, openLimitedSandbox, openSandbox, postsOf, uuidsOf } from '../support/counting-sandbox.ts'
import type { CreateResult } from '../support/create-contact.ts'
import { create, createUntilSuccess } from '../support/create-contact.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'

/** The error of a keyed create without Redis. */
const storeUnavailable = { code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true }

/** Starts three replicas. Resolves when all are members in Redis: before that, each has limits of its own. */
async function startReplicas(
  redis: RedisServer,
  url: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<readonly [ChildGateway, ChildGateway, ChildGateway]> {
  const start = (): ChildGateway =>
    startGateway({
      CALLBELL_API_TOKEN: 't',
      CALLBELL_API_URL: url,
      STORE_URL: redis.url,
      GATEWAY_CALLER_RPS: '0',
      LOG_LEVEL: 'silent',
      ...variables,
    })
  const replicas = [start(), start(), start()] as const
  const client = await createClient({ url: redis.url }).connect()
  await Promise.all(replicas.map(({ url: ready }) => ready))
  // A member has confirmed a reply.
  const confirmed = async (): Promise<number> => {
    const records = await client.hVals('callbell-graphql:permits:replicas')
    return records.filter((record) => Number(record.split(' ')[1]) > 0).length
  }
  await expect.poll(confirmed).toBe(3)
  await client.close()
  return replicas
}

/** The rate limit of all replicas together, per second. */
const limit = 40

describe.runIf(hasRedis)('three replicas', { timeout: 300_000 }, () => {
  test('create one contact for concurrent calls with one key, and return it to all', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const replicas = await startReplicas(redis, sandbox.url)
    const names = Array.from({ length: 20 }, (_, n) => `Contact ${n}`)
    const results = await Promise.all(
      names.map((name) => Promise.all(replicas.map((gateway) => create(gateway, name, `key ${name}`)))),
    )
    for (const [n, name] of names.entries()) {
      const [uuid] = uuidsOf(sandbox, name)
      expect(results[n]?.toSorted((a, b) => Number(a.replayed) - Number(b.replayed))).toEqual([
        { uuid, replayed: false },
        { uuid, replayed: true },
        { uuid, replayed: true },
      ])
    }
    expect(postsOf(sandbox)).toHaveLength(names.length)
  })

  test('share one rate limit: none of 150 creates meets a 429, and all succeed', async () => {
    const redis = await startRedis()
    const upstream = await openLimitedSandbox(limit)
    const replicas = await startReplicas(redis, upstream.url, { CALLBELL_MAX_RPS: String(limit) })
    const names = Array.from({ length: 150 }, (_, n) => `Contact ${n}`)
    const results = await Promise.all(
      names.map((name, n) => {
        const [one, two, three] = replicas
        return create([one, two][n % 3] ?? three, name)
      }),
    )
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    expect(byName(contacts)).toEqual(byName(results.map(({ uuid }, n) => ({ name: names[n], uuid }))))
  })

  test('share the limit of a caller', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const replicas = await startReplicas(redis, sandbox.url, { GATEWAY_CALLER_RPS: '5' })
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        Promise.all(replicas.map((gateway, m) => create(gateway, `Contact ${n} ${m}`))),
      ),
    )
    const refused = results.flat().filter(({ code }) => code !== undefined)
    expect(refused).toEqual(
      refused.map(() => ({
        code: 'RATE_LIMITED',
        outcome: 'NOT_APPLIED',
        retryable: true,
        retryAfterMs: expect.any(Number),
      })),
    )
    const created = 36 - refused.length
    // The burst is ten calls, and each second adds five. Three separate limits would allow a burst of 30.
    expect(created).toBeGreaterThanOrEqual(10)
    expect(created).toBeLessThan(30)
    expect(postsOf(sandbox)).toHaveLength(created)
  })

  test('serve creates without a key while Redis is down, and refuse keys until it is back', async () => {
    const redis = await startRedis({ keepsData: true })
    const upstream = await openLimitedSandbox(limit)
    const replicas = await startReplicas(redis, upstream.url, {
      CALLBELL_MAX_RPS: String(limit),
      CALLBELL_TIMEOUT_MS: '10000',
    })
    const keyed = replicas.flatMap((gateway, m) =>
      Array.from({ length: 3 }, (_, n) => ({ gateway, name: `Keyed ${m} ${n}` })),
    )
    const createAll = (kind: string): Promise<CreateResult[]> =>
      Promise.all(keyed.map(({ gateway, name }) => create(gateway, `${kind} ${name}`, `${kind} ${name}`)))
    const load = startLoad(replicas)

    // Creates before, during and after the kill.
    const before = await createAll('before')
    const calls = createAll('in the middle')
    await redis.kill()
    const interrupted = await calls
    await load.until(30)
    expect(await createAll('after')).toEqual(keyed.map(() => storeUnavailable))
    await load.until(30)
    const sent = (await upstream.report()).contacts.filter(({ name }) => name.startsWith('after'))
    expect(sent).toEqual([])
    await redis.start()
    let after: CreateResult[] = []
    await expect.poll(async () => allSucceeded((after = await createAll('after')))).toBe(true)
    let settledResults: CreateResult[] = []
    await expect
      .poll(async () => allSucceeded((settledResults = await createAll('in the middle'))), {
        timeout: 300_000,
      })
      .toBe(true)
    expect(await createAll('before')).toEqual(before.map(({ uuid }) => ({ uuid, replayed: true })))
    await load.until(30)
    const unkeyed = await load.stop()

    // The results from the time of the kill still hold.
    for (const [n, { uuid, outcome }] of interrupted.entries()) {
      if (uuid === undefined) expect(outcome).toBe('UNKNOWN')
      else expect(settledResults[n]?.uuid).toBe(uuid)
    }
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    const contactsOf = (kind: string, results: readonly CreateResult[]) =>
      results.map(({ uuid }, n) => ({ name: `${kind} ${keyed[n]?.name}`, uuid }))
    expect(byName(contacts)).toEqual(
      byName([
        ...unkeyed,
        ...contactsOf('before', before),
        ...contactsOf('in the middle', settledResults),
        ...contactsOf('after', after),
      ]),
    )
  })

  test('settle the creates of a killed one', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const [killed, ...others] = await startReplicas(redis, sandbox.url, { CALLBELL_TIMEOUT_MS: '2000' })
    const names = Array.from({ length: 12 }, (_, n) => `Contact ${n}`)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1500 })))
    const lost = Promise.allSettled(names.map((name) => create(killed, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(12)
    killed.kill('SIGKILL')
    expect((await lost).map(({ status }) => status)).toEqual(names.map(() => 'rejected'))

    const settled = names.map(async (name, n) => {
      let result: CreateResult | undefined
      for (const gateway of [others[n % 2], others[(n + 1) % 2]]) {
        if (gateway) result = await createUntilSuccess(gateway, name, `key ${name}`)
      }
      return result
    })
    expect(await Promise.all(settled)).toEqual(
      names.map((name) => ({ uuid: uuidsOf(sandbox, name)[0], replayed: true })),
    )
    expect(names.map((name) => uuidsOf(sandbox, name).length)).toEqual(names.map(() => 1))
  })
})

/** Sends creates without a key, three at a time to each replica. All must succeed. */
function startLoad(replicas: readonly ChildGateway[]) {
  const stopping = new AbortController()
  const created: { readonly name: string; readonly uuid: string | undefined }[] = []
  const failed: CreateResult[] = []
  let next = 0
  const running = replicas
    .flatMap((gateway) => [gateway, gateway, gateway])
    .map(async (gateway) => {
      while (!stopping.signal.aborted) {
        next += 1
        const name = `Contact ${next}`
        const result = await create(gateway, name)
        if (result.uuid === undefined) failed.push(result)
        else created.push({ name, uuid: result.uuid })
      }
    })
  return {
    /** Waits until this many more have succeeded. */
    async until(more: number): Promise<void> {
      const wanted = created.length + more
      await expect.poll(() => created.length).toBeGreaterThanOrEqual(wanted)
    },
    async stop() {
      stopping.abort()
      await Promise.all(running)
      expect(failed).toEqual([])
      return created
    },
  }
}

function allSucceeded(results: readonly CreateResult[]): boolean {
  return results.every(({ uuid }) => uuid !== undefined)
}
