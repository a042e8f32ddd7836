/** Wrong and adjusted clocks, suspended machines and suspended processes: no create is sent twice. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Contacts } from '../../src/contacts/contacts.ts'
import { ContactsError } from '../../src/contacts/attempts/failure.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { startGateway } from '../support/child-gateway.ts'
import { openSandbox, uuidsOf } from '../support/counting-sandbox.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'
import { createTestContacts } from '../support/test-contacts.ts'
import { createTestContext } from '../support/test-context.ts'

interface Process {
  readonly contacts: Contacts
  readonly wallClock: () => number
}

/** A process whose wall clock is off by the current result of `shiftMs`. */
function open(
  sandbox: Pick<Sandbox, 'url' | 'token'>,
  store: Store,
  shiftMs: () => number,
  times = { timeoutMs: 3000, resendAfterMs: 60_000 },
): Process {
  const wallClock = (): number => Date.now() + shiftMs()
  const { contacts, close } = createTestContacts(sandbox, store, { ...times, wallClock })
  onTestFinished(close)
  return { contacts, wallClock }
}

const input = { identifier: '+39 333 123 4567', source: 'whatsapp', name: 'Ada' } as const

/** @returns the uuid, or the outcome of the error */
async function create({ contacts, wallClock }: Process, key: string, change: object = {}): Promise<string> {
  const context = createTestContext('anyone', wallClock)
  try {
    const { contact } = await contacts.create({ ...input, idempotencyKey: key, ...change }, context)
    return contact?.uuid ?? 'REJECTED'
  } catch (error) {
    if (!(error instanceof ContactsError)) throw error
    return error.outcome ?? 'NONE'
  }
}

function postsOf({ requests }: Sandbox): number {
  return requests.filter(({ method }) => method === 'POST').length
}

describe.runIf(hasRedis)('replicas on one Redis', () => {
  test.each([
    ['ahead', 60_000],
    ['behind', -60_000],
  ])('a replica whose clock is a minute %s waits for the other’s create', async (_where, shiftMs) => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const [storeOfOne, storeOfTwo] = [await openTestStore(redis.url), await openTestStore(redis.url)]
    const [one, two] = [open(sandbox, storeOfOne, () => 0), open(sandbox, storeOfTwo, () => shiftMs)]
    sandbox.failNext({ delayMs: 1500 })
    const first = create(one, 'k')
    await expect.poll(() => sandbox.requests.length).toBe(1)
    const second = create(two, 'k')
    const [uuid] = await Promise.all([first, second])
    expect(await second).toBe(uuid)
    expect(uuidsOf(sandbox, 'Ada')).toEqual([uuid])
    expect(postsOf(sandbox)).toBe(1)
  })

  test('three replicas whose clocks differ by 45 seconds create one contact per key', async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const replicas = await Promise.all(
      [0, 45_000, -45_000].map(async (shiftMs) =>
        open(sandbox, await openTestStore(redis.url), () => shiftMs),
      ),
    )
    const keys = Array.from({ length: 20 }, (_, n) => n)
    sandbox.failNext(...keys.map(() => ({ on: 'POST', delayMs: 400 }) as const))
    const uuids = await Promise.all(
      keys.map((n) =>
        Promise.all(
          replicas.map((replica) =>
            create(replica, `k${n}`, { identifier: `+39 333 ${7000 + n}`, name: `N${n}` }),
          ),
        ),
      ),
    )
    expect(uuids).toEqual(keys.map((n) => Array.from({ length: 3 }, () => uuidsOf(sandbox, `N${n}`)[0])))
    expect(postsOf(sandbox)).toBe(keys.length)
  })

  test('a suspended replica sends no create that another has taken over', { timeout: 300_000 }, async () => {
    const [redis, sandbox] = [await startRedis(), await openSandbox()]
    const variables = {
      CALLBELL_API_TOKEN: 't',
      CALLBELL_API_URL: sandbox.url,
      STORE_URL: redis.url,
      CALLBELL_TIMEOUT_MS: '1500',
      CALLBELL_RESEND_AFTER_MS: '1000',
      CALLBELL_MAX_RPS: '100',
      LOG_LEVEL: 'silent',
    }
    const [one, two] = [startGateway(variables), startGateway(variables)]
    const [urlOfOne, urlOfTwo] = [await one.url, await two.url]
    const query =
      'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid } } }'
    const send = async (url: string, n: number): Promise<string | undefined> => {
      const contact = {
        identifier: `+39 333 ${8000 + n}`,
        source: 'WHATSAPP',
        name: `S${n}`,
        idempotencyKey: `s${n}`,
      }
      const body = JSON.stringify({ query, variables: { input: contact } })
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
      const { data } = await response.json()
      return data?.createContact?.contact?.uuid
    }
    // Both have proved that lookups work.
    for (const [url, n] of [
      [urlOfOne, 900],
      [urlOfTwo, 901],
    ] as const) {
      await expect.poll(() => send(url, n)).toBeTypeOf('string')
    }
    await expect.poll(() => sandbox.requests.filter(({ path }) => path.includes('/phone/')).length).toBe(2)

    // A member has confirmed a reply.
    const confirmed = async (): Promise<number> => {
      const records = await redis.run('HVALS', 'callbell-graphql:permits:replicas')
      return records.filter((record) => Number(record.split(' ')[1]) > 0).length
    }
    await expect.poll(confirmed).toBe(2)
    // More creates than the rate limit allows at once: some wait for a permit during the suspension.
    const numbers = Array.from({ length: 60 }, (_, n) => n)
    const calls = numbers.map((n) => send(urlOfOne, n).catch(() => undefined))
    await expect.poll(() => postsOf(sandbox), { interval: 5, timeout: 30_000 }).toBeGreaterThan(8)
    one.kill('SIGSTOP')
    const found: (string | undefined)[] = []
    for (const n of numbers) {
      await expect
        .poll(async () => (found[n] = await send(urlOfTwo, n)), { timeout: 30_000, interval: 200 })
        .toBeTypeOf('string')
    }
    one.kill('SIGCONT')
    const answered = await Promise.all(calls)
    await delay(500)
    for (const n of numbers) {
      expect(uuidsOf(sandbox, `S${n}`)).toEqual([found[n]])
      if (answered[n] !== undefined) expect(answered[n]).toBe(found[n])
    }
  })
})

test('an UNKNOWN create is not sent again after the wall clock is set ahead', async () => {
  const sandbox = await openSandbox()
  let shiftMs = 0
  const gateway = open(sandbox, openMemoryStore(), () => shiftMs, { timeoutMs: 1000, resendAfterMs: 60_000 })
  sandbox.failNext({ on: 'POST', drop: true, workAfterMs: 1500 })
  expect(await create(gateway, 'k')).toBe('UNKNOWN')
  shiftMs = 3_600_000
  expect(await create(gateway, 'k')).toBe('UNKNOWN')
  await expect.poll(() => uuidsOf(sandbox, 'Ada')).toHaveLength(1)
  expect(await create(gateway, 'k')).toBe(uuidsOf(sandbox, 'Ada')[0])
  expect(postsOf(sandbox)).toBe(1)
})

test('a create that was sent with a wrong clock does not return an older contact', async () => {
  const sandbox = await openSandbox()
  sandbox.contacts.add({ identifier: input.identifier, source: 'whatsapp', name: input.name })
  await delay(5000)
  let shiftMs = -3_600_000
  const gateway = open(sandbox, openMemoryStore(), () => shiftMs)
  sandbox.failNext({ on: 'POST', drop: true })
  const creating = create(gateway, 'k')
  await expect.poll(() => postsOf(sandbox)).toBe(1)
  shiftMs = 0
  expect(await creating).toBe('UNKNOWN')
  expect(await create(gateway, 'k')).toBe('UNKNOWN')
  expect(postsOf(sandbox)).toBe(1)
})

test('a create whose deadline passes while the machine is suspended is not sent', async () => {
  const sandbox = await openSandbox()
  const gateway = open(sandbox, openMemoryStore(), () => 0)
  // Its call began 40 seconds ago, but the monotonic clock stood still.
  const before = { ...gateway, wallClock: () => Date.now() - 40_000 }
  expect(await create(before, 'k')).toBe('NOT_APPLIED')
  expect(sandbox.requests).toEqual([])
  // The key is free.
  expect(await create(gateway, 'k')).toBe(uuidsOf(sandbox, 'Ada')[0])
})

test.each([-1500, 1500])('an applied create is found if Callbell’s clock is off by %i ms', async (offMs) => {
  const upstreamTime = (): Date => new Date(Date.now() + offMs)
  let createdAt = ''
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) {
      createdAt = upstreamTime().toISOString().replace(/\.\d+/, '')
      socket.destroy()
      return
    }
    const body = JSON.stringify({ contact: { uuid: 'u', name: input.name, createdAt } })
    socket.write(httpAnswer('200 OK', body, `date: ${upstreamTime().toUTCString()}\r\n`))
  })
  const gateway = open({ url: upstream.url, token: 't' }, openMemoryStore(), () => 0)
  expect(await create(gateway, 'k')).toBe('u')
})

test('the outcome of a refused create is UNKNOWN if another process has taken over its key', async () => {
  const sandbox = await openSandbox()
  const memory = openMemoryStore()
  let claimed = ''
  const store: Store = {
    ...memory,
    isShared: true,
    async claim(key, record, ttlMs, charge) {
      claimed = key
      return memory.claim(key, record, ttlMs, charge)
    },
  }
  const gateway = open(sandbox, store, () => 0)
  sandbox.failNext({ on: 'POST', status: 422, delayMs: 500 })
  const creating = create(gateway, 'k')
  await expect.poll(() => postsOf(sandbox)).toBe(1)
  // Another process takes over the key and sends its create.
  const found = await memory.readRecord(claimed)
  const takenOver = JSON.stringify({ ...JSON.parse(found?.record ?? ''), owner: 'another', token: 2 })
  expect(await memory.replace(claimed, found?.record ?? '', takenOver, 60_000)).toBe(true)
  expect(await creating).toBe('UNKNOWN')
  expect((await memory.readRecord(claimed))?.record).toBe(takenOver)
})

test('a key that the store loses during its create is stored again', async () => {
  const sandbox = await openSandbox()
  const memory = openMemoryStore()
  let claimed = ''
  const store: Store = {
    ...memory,
    async claim(key, record, ttlMs, charge) {
      claimed = key
      return memory.claim(key, record, ttlMs, charge)
    },
  }
  const gateway = open(sandbox, store, () => 0)
  sandbox.failNext({ on: 'POST', delayMs: 500 })
  const creating = create(gateway, 'k')
  await expect.poll(() => postsOf(sandbox)).toBe(1)
  await memory.remove(claimed, (await memory.readRecord(claimed))?.record ?? '')
  const uuid = await creating
  expect(await create(gateway, 'k')).toBe(uuid)
  expect(postsOf(sandbox)).toBe(1)
})

test('all records of one key differ, even with the same content', async () => {
  const sandbox = await openSandbox()
  const memory = openMemoryStore()
  const written: string[] = []
  const store: Store = {
    ...memory,
    async claim(key, record, ttlMs, charge) {
      written.push(record)
      return memory.claim(key, record, ttlMs, charge)
    },
    async replace(key, expected, record, ttlMs, charge) {
      written.push(record)
      return memory.replace(key, expected, record, ttlMs, charge)
    },
  }
  const gateway = open(sandbox, store, () => 0, { timeoutMs: 500, resendAfterMs: 1 })
  // All calls have the same result, and the gateway does not know Callbell's time.
  sandbox.failNext(...Array.from({ length: 3 }, () => ({ on: 'POST', drop: true }) as const))
  for (let call = 0; call < 3; call += 1) expect(await create(gateway, 'k')).toBe('UNKNOWN')
  expect(written.length).toBeGreaterThan(6)
  expect(new Set(written).size).toBe(written.length)
})
