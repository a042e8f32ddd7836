import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { DistributedLimiter } from '../../../src/rate-limit/distributed-limiter.ts'
import { createDistributedLimiter } from '../../../src/rate-limit/distributed-limiter.ts'
import type { PermitRequest, SharedLimiter } from '../../../src/store/shared-limits.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const limit = 120

/** A store that grants everything while it can be reached, at once or after `replyMs`. */
function open({ replicas = 1, isReachable = true, isQuarantined = false } = {}) {
  const requests: PermitRequest[] = []
  const store = {
    isReachable,
    replicas,
    isQuarantined,
    replyMs: 0,
    clockMs: 1_000_000,
    uncounted: 0,
    requests,
  }
  const acquireShared: SharedLimiter['acquireShared'] = async (request) => {
    requests.push(request)
    const now = store.clockMs + performance.now()
    if (store.replyMs > 0) await new Promise((resolve) => void setTimeout(resolve, store.replyMs))
    if (!store.isReachable) throw new Error('away')
    return {
      granted: request.wanted,
      waitMs: 0,
      replicas: store.replicas,
      now,
      isQuarantined: store.isQuarantined,
    }
  }
  const shared = createDistributedLimiter(acquireShared, {
    limit: () => limit,
    uncounted: () => store.uncounted,
  })
  onTestFinished(() => shared.close())
  return { store, shared }
}

/** What a replica may do at this moment. */
function stateOf(shared: DistributedLimiter): object {
  const silentForMs = shared.quarantineMs(performance.now())
  return { isDegraded: shared.isDegraded(), isSilent: silentForMs > 0, places: shared.limitOf(limit) }
}

const member = { isDegraded: false, isSilent: false, places: 120 }
const joining = { isDegraded: true, isSilent: false, places: 2 }
const returning = { isDegraded: false, isSilent: true, places: 120 }
const lost = { isDegraded: true, isSilent: true, places: 30 }
const alone = { isDegraded: true, isSilent: false, places: 30 }

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))
/** Until a replica that has been started is a member, and has told the store its share. */
const settle = async (): Promise<void> => pass(2000)

async function take(shared: DistributedLimiter, wanted: number): Promise<object> {
  const { granted, waitMs, usableUntil } = await shared.acquire(wanted, limit)
  return { granted, waitMs, usableForMs: Math.round(usableUntil - performance.now()) }
}

describe('a replica that has just been started', () => {
  test('sends a trickle, which the store reserves, until it has heard of it for more than a window', async () => {
    const { store, shared } = open()
    await pass(1100)
    expect(stateOf(shared)).toEqual(joining)
    expect(await take(shared, 5)).toMatchObject({ granted: 0 })
    await pass(150)
    expect(stateOf(shared)).toEqual(member)
    expect(store.requests.map(({ wanted, share, confirmedAt }) => [wanted, share, confirmedAt])).toEqual(
      store.requests.map(() => [0, 2, 0]),
    )
    expect(await take(shared, 5)).toMatchObject({ granted: 5 })
  })

  test('waits for as long as a store that has lost its memory is quiet', async () => {
    const { store, shared } = open({ isQuarantined: true })
    await pass(5000)
    expect(stateOf(shared)).toEqual(joining)
    store.isQuarantined = false
    await pass(200)
    expect(stateOf(shared)).toEqual(member)
  })

  test('sends one request a second where the store cannot be reached, and a trickle after ten seconds', async () => {
    const { store, shared } = open({ isReachable: false })
    await pass(9900)
    expect(stateOf(shared)).toEqual({ isDegraded: true, isSilent: false, places: 1 })
    await pass(100)
    expect(stateOf(shared)).toEqual({ isDegraded: true, isSilent: false, places: 2 })
    store.isReachable = true
    await pass(200)
    expect(stateOf(shared)).toEqual(joining)
    await pass(1200)
    expect(stateOf(shared)).toEqual(member)
  })

  test('goes on with its trickle where it loses the store', async () => {
    const { store, shared } = open()
    await pass(500)
    store.isReachable = false
    await pass(500)
    expect(stateOf(shared)).toEqual(joining)
  })
})

describe('one that loses the store', () => {
  test('is silent until its share is surely reserved, then sends that', async () => {
    const { store, shared } = open()
    await settle()
    expect(store.requests.at(-1)).toMatchObject({ share: 30 })
    const latest = store.requests.at(-1)?.confirmedAt ?? 0
    expect(latest).toBeGreaterThan(0)
    store.isReachable = false
    // It has asked at 2000 for the last time.
    const lostAt = performance.now()
    expect(await take(shared, 5)).toMatchObject({ granted: 0, waitMs: 0 })
    expect(stateOf(shared)).toEqual(lost)
    const silentForMs = shared.quarantineMs(lostAt)
    // Believed for two seconds from the latest reply, and a window of what others got until then.
    expect(silentForMs).toBeGreaterThan(2000 + 1160 - 400)
    expect(silentForMs).toBeLessThanOrEqual(2000 + 1160)
    await pass(silentForMs)
    expect(stateOf(shared)).toEqual(alone)
    // However often it finds the store unreachable.
    await pass(10_000)
    expect(stateOf(shared)).toEqual(alone)
  })

  test('finds out by itself where it has nothing to send', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(400)
    expect(stateOf(shared)).toEqual(lost)
  })

  test('confirms nothing to the store while it is alone, and tells what it has sent before it returns', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(5000)
    store.isReachable = true
    store.uncounted = 30
    store.requests.length = 0
    for (let steps = 0; steps < 60 && shared.isDegraded(); steps += 1) await pass(50)
    expect(stateOf(shared)).toEqual(returning)
    store.uncounted = 17
    await pass(50)
    expect(stateOf(shared)).toEqual(member)
    const told = store.requests.map(({ uncounted, share, confirmedAt }) => ({
      uncounted,
      share,
      isConfirmed: confirmedAt > 0,
    }))
    expect(told.slice(0, -1)).toEqual(
      told.slice(1).map(() => ({ uncounted: 30, share: 30, isConfirmed: false })),
    )
    expect(told.at(-1)).toEqual({ uncounted: 17, share: 30, isConfirmed: true })
  })

  test('goes on alone while a store comes and goes, and while one is quiet', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(5000)
    for (let times = 0; times < 5; times += 1) {
      store.isReachable = true
      await pass(900)
      expect(stateOf(shared)).toEqual(alone)
      store.isReachable = false
      await pass(500)
      expect(stateOf(shared)).toEqual(alone)
    }
    store.isReachable = true
    store.isQuarantined = true
    await pass(5000)
    expect(stateOf(shared)).toEqual(alone)
  })
})

test('the share is one of as many as there are, of four at least, and the one that the store knows', async () => {
  const { store, shared } = open({ replicas: 6 })
  await settle()
  store.isReachable = false
  await pass(5000)
  expect(stateOf(shared)).toEqual({ ...alone, places: 20 })
  // A store that comes back empty knows fewer than there are.
  store.isReachable = true
  store.isQuarantined = true
  store.replicas = 1
  await pass(1000)
  expect(stateOf(shared)).toEqual({ ...alone, places: 20 })
})

describe('permits', () => {
  test('are usable for a little longer than replies take, and count for a window from then on', async () => {
    const { store, shared } = open()
    await settle()
    expect(await take(shared, 5)).toEqual({ granted: 5, waitMs: 0, usableForMs: 50 })
    expect(store.requests.at(-1)?.lifetimeMs).toBe(1010 + 100 + 50)
  })

  test('are not used where the reply came late, and the next ones count for longer', async () => {
    const { store, shared } = open()
    await settle()
    store.replyMs = 300
    const taking = take(shared, 5)
    await pass(300)
    expect(await taking).toMatchObject({ granted: 0, waitMs: 0 })
    const again = take(shared, 5)
    await pass(300)
    expect(await again).toEqual({ granted: 5, waitMs: 0, usableForMs: 50 })
    expect(store.requests.at(-1)?.lifetimeMs).toBe(1010 + 100 + 350)
  })

  test.each([-3_600_000, -500, 500, 3_600_000])(
    'are not used where the store’s clock jumped by %i ms, of which the store is told',
    async (jumpMs) => {
      const { store, shared } = open()
      await settle()
      store.clockMs += jumpMs
      expect(await take(shared, 5)).toMatchObject({ granted: 0, waitMs: 0 })
      expect(store.requests.at(-1)?.hasClockJumped).toBe(false)
      await take(shared, 5)
      expect(store.requests.at(-1)?.hasClockJumped).toBe(true)
      expect(await take(shared, 5)).toMatchObject({ granted: 5 })
      expect(store.requests.at(-1)?.hasClockJumped).toBe(false)
    },
  )

  test('are used where the store’s clock runs a little faster, and replies vary', async () => {
    const { store } = open()
    await settle()
    for (let second = 0; second < 60; second += 1) {
      store.replyMs = (second * 7) % 50
      store.clockMs += 0.4
      await pass(1000)
    }
    expect(store.requests.filter(({ hasClockJumped }) => hasClockJumped)).toEqual([])
  })
})

test('a closed one asks no more', async () => {
  const { store, shared } = open()
  await settle()
  shared.close()
  const { length } = store.requests
  await settle()
  expect(store.requests).toHaveLength(length)
})
