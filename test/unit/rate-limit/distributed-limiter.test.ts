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
    if (!store.isReachable) throw new Error('unreachable')
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

/** The current state of a replica. */
function stateOf(shared: DistributedLimiter): object {
  const quarantineMs = shared.quarantineMs(performance.now())
  return { isDegraded: shared.isDegraded(), mustWait: quarantineMs > 0, limit: shared.limitOf(limit) }
}

const member = { isDegraded: false, mustWait: false, limit: 120 }
const joining = { isDegraded: true, mustWait: false, limit: 2 }
const rejoining = { isDegraded: false, mustWait: true, limit: 120 }
const lost = { isDegraded: true, mustWait: true, limit: 30 }
const degraded = { isDegraded: true, mustWait: false, limit: 30 }

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))
/** Waits until a started replica is a member, and has reported its share to the store. */
const settle = async (): Promise<void> => pass(2000)

async function take(shared: DistributedLimiter, wanted: number): Promise<object> {
  const { granted, waitMs, usableUntil } = await shared.acquire(wanted, limit)
  return { granted, waitMs, usableForMs: Math.round(usableUntil - performance.now()) }
}

describe('a replica that has just been started', () => {
  test('sends its warm-up share, which the store reserves, until the store has replied for a window', async () => {
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

  test('waits while a store that has lost its data is quarantined', async () => {
    const { store, shared } = open({ isQuarantined: true })
    await pass(5000)
    expect(stateOf(shared)).toEqual(joining)
    store.isQuarantined = false
    await pass(200)
    expect(stateOf(shared)).toEqual(member)
  })

  test('sends one request a second while the store is unreachable, and its warm-up share after ten seconds', async () => {
    const { store, shared } = open({ isReachable: false })
    await pass(9900)
    expect(stateOf(shared)).toEqual({ isDegraded: true, mustWait: false, limit: 1 })
    await pass(100)
    expect(stateOf(shared)).toEqual({ isDegraded: true, mustWait: false, limit: 2 })
    store.isReachable = true
    await pass(200)
    expect(stateOf(shared)).toEqual(joining)
    await pass(1200)
    expect(stateOf(shared)).toEqual(member)
  })

  test('keeps to its warm-up share when it loses the store', async () => {
    const { store, shared } = open()
    await pass(500)
    store.isReachable = false
    await pass(500)
    expect(stateOf(shared)).toEqual(joining)
  })
})

describe('a replica that loses the store', () => {
  test('sends nothing until its share is certainly reserved, then sends its share', async () => {
    const { store, shared } = open()
    await settle()
    expect(store.requests.at(-1)).toMatchObject({ share: 30 })
    const latest = store.requests.at(-1)?.confirmedAt ?? 0
    expect(latest).toBeGreaterThan(0)
    store.isReachable = false
    // Its last request was at 2000.
    const lostAt = performance.now()
    expect(await take(shared, 5)).toMatchObject({ granted: 0, waitMs: 0 })
    expect(stateOf(shared)).toEqual(lost)
    const quarantineMs = shared.quarantineMs(lostAt)
    // The latest reply is trusted for two seconds, and the permits of others count for a window after that.
    expect(quarantineMs).toBeGreaterThan(2000 + 1160 - 400)
    expect(quarantineMs).toBeLessThanOrEqual(2000 + 1160)
    await pass(quarantineMs)
    expect(stateOf(shared)).toEqual(degraded)
    // Further failed requests change nothing.
    await pass(10_000)
    expect(stateOf(shared)).toEqual(degraded)
  })

  test('notices the loss without requests to send', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(400)
    expect(stateOf(shared)).toEqual(lost)
  })

  test('confirms nothing to the store while degraded, and reports what it has sent before it rejoins', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(5000)
    store.isReachable = true
    store.uncounted = 30
    store.requests.length = 0
    for (let steps = 0; steps < 60 && shared.isDegraded(); steps += 1) await pass(50)
    expect(stateOf(shared)).toEqual(rejoining)
    store.uncounted = 17
    await pass(50)
    expect(stateOf(shared)).toEqual(member)
    const reports = store.requests.map(({ uncounted, share, confirmedAt }) => ({
      uncounted,
      share,
      isConfirmed: confirmedAt > 0,
    }))
    expect(reports.slice(0, -1)).toEqual(
      reports.slice(1).map(() => ({ uncounted: 30, share: 30, isConfirmed: false })),
    )
    expect(reports.at(-1)).toEqual({ uncounted: 17, share: 30, isConfirmed: true })
  })

  test('stays degraded while the store is unsteady or quarantined', async () => {
    const { store, shared } = open()
    await settle()
    store.isReachable = false
    await pass(5000)
    for (let times = 0; times < 5; times += 1) {
      store.isReachable = true
      await pass(900)
      expect(stateOf(shared)).toEqual(degraded)
      store.isReachable = false
      await pass(500)
      expect(stateOf(shared)).toEqual(degraded)
    }
    store.isReachable = true
    store.isQuarantined = true
    await pass(5000)
    expect(stateOf(shared)).toEqual(degraded)
  })
})

test('the share is the limit divided by the replicas, at least four, as the store knows it', async () => {
  const { store, shared } = open({ replicas: 6 })
  await settle()
  store.isReachable = false
  await pass(5000)
  expect(stateOf(shared)).toEqual({ ...degraded, limit: 20 })
  // A store that has lost its data counts fewer replicas than exist.
  store.isReachable = true
  store.isQuarantined = true
  store.replicas = 1
  await pass(1000)
  expect(stateOf(shared)).toEqual({ ...degraded, limit: 20 })
})

describe('permits', () => {
  test('are usable a little longer than a round trip, and count for a window after that', async () => {
    const { store, shared } = open()
    await settle()
    expect(await take(shared, 5)).toEqual({ granted: 5, waitMs: 0, usableForMs: 50 })
    expect(store.requests.at(-1)?.lifetimeMs).toBe(1010 + 100 + 50)
  })

  test('are not used after a late reply, and the next ones count for longer', async () => {
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
    'are not used after the store’s clock jumped by %i ms, and the jump is reported to the store',
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

  test('are used if the store’s clock runs a little faster and round trips vary', async () => {
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

test('a closed limiter sends no more requests', async () => {
  const { store, shared } = open()
  await settle()
  shared.close()
  const { length } = store.requests
  await settle()
  expect(store.requests).toHaveLength(length)
})
