/** Three gateway processes on one Redis, under load: they behave as one. */
import { createClient } from '@redis/client'
import { describe, expect, test } from 'vitest'
import type { ChildGateway } from '../support/child-gateway.ts'
import { startGateway } from '../support/child-gateway.ts'
import { byName, openLimitedSandbox, openSandbox, postsOf, uuidsOf } from '../support/counting-sandbox.ts'
import type { CreateResult } from '../support/create-contact.ts'
import { create } from '../support/create-contact.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'

/** What stands in `extensions` where the store is away. */
const storeIsAway = { code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true }

/** When all have met in Redis: until then each goes by its own limits. */
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
  // Each is a member: it has confirmed a reply.
  const confirmed = async (): Promise<number> => {
    const records = await client.hVals('callbell-graphql:permits:replicas')
    return records.filter((record) => Number(record.split(' ')[1]) > 0).length
  }
  await expect.poll(confirmed).toBe(3)
  await client.close()
  return replicas
}

/** Of all together, a second. */
const limit = 40

describe.runIf(hasRedis)('three replicas', { timeout: 300_000 }, () => {
  test('of a key that all get at once, one contact is made and all tell the same', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const replicas = await startReplicas(redis, sandbox.url)
    const names = Array.from({ length: 20 }, (_, n) => `Contact ${n}`)
    const told = await Promise.all(
      names.map((name) => Promise.all(replicas.map((gateway) => create(gateway, name, `key ${name}`)))),
    )
    for (const [n, name] of names.entries()) {
      const [uuid] = uuidsOf(sandbox, name)
      expect(told[n]?.toSorted((a, b) => Number(a.replayed) - Number(b.replayed))).toEqual([
        { uuid, replayed: false },
        { uuid, replayed: true },
        { uuid, replayed: true },
      ])
    }
    expect(postsOf(sandbox)).toHaveLength(names.length)
  })

  test('of more creates than the pace allows, none meets a 429 and all are made', async () => {
    const redis = await startRedis()
    const upstream = await openLimitedSandbox(limit)
    const replicas = await startReplicas(redis, upstream.url, { CALLBELL_MAX_RPS: String(limit) })
    const names = Array.from({ length: 150 }, (_, n) => `Contact ${n}`)
    const told = await Promise.all(
      names.map((name, n) => {
        const [one, two, three] = replicas
        return create([one, two][n % 3] ?? three, name)
      }),
    )
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    expect(byName(contacts)).toEqual(byName(told.map(({ uuid }, n) => ({ name: names[n], uuid }))))
  })

  test('a caller has one share, and not one of each', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const replicas = await startReplicas(redis, sandbox.url, { GATEWAY_CALLER_RPS: '5' })
    const told = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        Promise.all(replicas.map((gateway, m) => create(gateway, `Contact ${n} ${m}`))),
      ),
    )
    const refused = told.flat().filter(({ code }) => code !== undefined)
    expect(refused).toEqual(
      refused.map(() => ({
        code: 'RATE_LIMITED',
        outcome: 'NOT_APPLIED',
        retryable: true,
        retryAfterMs: expect.any(Number),
      })),
    )
    const created = 36 - refused.length
    // Ten at once, and five for each second that it took to ask: three shares would be 30 at once.
    expect(created).toBeGreaterThanOrEqual(10)
    expect(created).toBeLessThan(30)
    expect(postsOf(sandbox)).toHaveLength(created)
  })

  test('with Redis killed under load, what has no key goes on, and what has one is refused until it is back', async () => {
    const redis = await startRedis({ keepsData: true })
    const upstream = await openLimitedSandbox(limit)
    const replicas = await startReplicas(redis, upstream.url, {
      CALLBELL_MAX_RPS: String(limit),
      CALLBELL_TIMEOUT_MS: '10000',
    })
    const keyed = replicas.flatMap((gateway, m) =>
      Array.from({ length: 3 }, (_, n) => ({ gateway, name: `Keyed ${m} ${n}` })),
    )
    const askAll = (kind: string): Promise<CreateResult[]> =>
      Promise.all(keyed.map(({ gateway, name }) => create(gateway, `${kind} ${name}`, `${kind} ${name}`)))
    const load = startLoad(replicas)

    // Before, in the middle, and after.
    const before = await askAll('before')
    const asking = askAll('in the middle')
    await redis.kill()
    const inTheMiddle = await asking
    await load.until(30)
    expect(await askAll('after')).toEqual(keyed.map(() => storeIsAway))
    await load.until(30)
    const sent = (await upstream.report()).contacts.filter(({ name }) => name.startsWith('after'))
    expect(sent).toEqual([])
    await redis.start()
    let after: CreateResult[] = []
    await expect.poll(async () => isCreated((after = await askAll('after')))).toBe(true)
    let inTheEnd: CreateResult[] = []
    await expect
      .poll(async () => isCreated((inTheEnd = await askAll('in the middle'))), { timeout: 300_000 })
      .toBe(true)
    expect(await askAll('before')).toEqual(before.map(({ uuid }) => ({ uuid, replayed: true })))
    await load.until(30)
    const unkeyed = await load.stop()

    // What was told while Redis went away is still true.
    for (const [n, { uuid, outcome }] of inTheMiddle.entries()) {
      if (uuid === undefined) expect(outcome).toBe('UNKNOWN')
      else expect(inTheEnd[n]?.uuid).toBe(uuid)
    }
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    const named = (kind: string, told: readonly CreateResult[]) =>
      told.map(({ uuid }, n) => ({ name: `${kind} ${keyed[n]?.name}`, uuid }))
    expect(byName(contacts)).toEqual(
      byName([
        ...unkeyed,
        ...named('before', before),
        ...named('in the middle', inTheEnd),
        ...named('after', after),
      ]),
    )
  })

  test('what one had begun when it was killed, the others settle', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const [killed, ...others] = await startReplicas(redis, sandbox.url, { CALLBELL_TIMEOUT_MS: '2000' })
    const names = Array.from({ length: 12 }, (_, n) => `Contact ${n}`)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1500 })))
    const lost = Promise.allSettled(names.map((name) => create(killed, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(12)
    killed.kill('SIGKILL')
    expect((await lost).map(({ status }) => status)).toEqual(names.map(() => 'rejected'))

    const settled = names.map(async (name, n) => {
      const told: CreateResult[] = []
      for (const gateway of [others[n % 2], others[(n + 1) % 2]]) {
        if (gateway)
          await expect
            .poll(
              async () => told.push(await create(gateway, name, `key ${name}`)) > 0 && told.at(-1)?.uuid,
              {
                timeout: 60_000,
              },
            )
            .toBeTypeOf('string')
      }
      return told.at(-1)
    })
    expect(await Promise.all(settled)).toEqual(
      names.map((name) => ({ uuid: uuidsOf(sandbox, name)[0], replayed: true })),
    )
    expect(names.map((name) => uuidsOf(sandbox, name).length)).toEqual(names.map(() => 1))
  })
})

/** Creates without a key, a few at a time on each replica, all of which must succeed. */
function startLoad(replicas: readonly ChildGateway[]) {
  const over = new AbortController()
  const made: { readonly name: string; readonly uuid: string | undefined }[] = []
  const failed: CreateResult[] = []
  let next = 0
  const running = replicas
    .flatMap((gateway) => [gateway, gateway, gateway])
    .map(async (gateway) => {
      while (!over.signal.aborted) {
        next += 1
        const name = `Contact ${next}`
        const told = await create(gateway, name)
        if (told.uuid === undefined) failed.push(told)
        else made.push({ name, uuid: told.uuid })
      }
    })
  return {
    /** Waits for so many more. */
    async until(more: number): Promise<void> {
      const wanted = made.length + more
      await expect.poll(() => made.length).toBeGreaterThanOrEqual(wanted)
    },
    async stop() {
      over.abort()
      await Promise.all(running)
      expect(failed).toEqual([])
      return made
    },
  }
}

function isCreated(told: readonly CreateResult[]): boolean {
  return told.every(({ uuid }) => uuid !== undefined)
}
