import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { SharedTurns, TakeTurns } from '../../src/callbell/shared-turns.ts'
import { createSharedTurns } from '../../src/callbell/shared-turns.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const limit = 120

/** A store that grants everything while it is there. */
function open(replicas = 1) {
  const store = { isThere: true, replicas, asked: 0 }
  const takeTurns: TakeTurns = async (wanted) => {
    store.asked += 1
    if (!store.isThere) throw new Error('away')
    return { granted: wanted, waitMs: 0, replicas: store.replicas }
  }
  const shared = createSharedTurns(takeTurns, () => limit)
  onTestFinished(() => shared.close())
  return { store, shared }
}

/** What a replica may do at this moment. */
function stateOf(shared: SharedTurns): object {
  const now = performance.now()
  return {
    isAlone: shared.isAlone(),
    silentForMs: shared.silentForMs(now),
    places: shared.placesOf(limit, now),
  }
}

const together = { isAlone: false, silentForMs: 0, places: 120 }
const rejoining = { isAlone: false, silentForMs: 0, places: 30 }
const alone = { isAlone: true, silentForMs: 0, places: 30 }

/** Until a replica knows that the others have found the store, too. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(3500)
}

test('a replica that has just been started keeps to its share until the others must know the store', async () => {
  const { shared } = open()
  await vi.advanceTimersByTimeAsync(3100)
  expect(stateOf(shared)).toEqual(rejoining)
  await vi.advanceTimersByTimeAsync(100)
  expect(stateOf(shared)).toEqual(together)
})

test('one that never had the store goes on alone at once', async () => {
  const { store, shared } = open()
  store.isThere = false
  expect(await shared.take(5, limit)).toEqual({ granted: 0, waitMs: 0 })
  expect(stateOf(shared)).toEqual(alone)
})

test('one that loses the store is silent while shared turns may be under way, then goes on with its share', async () => {
  const { store, shared } = open()
  await settle()
  store.isThere = false
  expect(await shared.take(5, limit)).toEqual({ granted: 0, waitMs: 1110 })
  expect(stateOf(shared)).toEqual({ isAlone: true, silentForMs: 1110, places: 30 })
  await vi.advanceTimersByTimeAsync(1110)
  expect(stateOf(shared)).toEqual(alone)
  // However often it finds the store away.
  await vi.advanceTimersByTimeAsync(10_000)
  expect(stateOf(shared)).toEqual(alone)
})

test('one that has nothing to send finds out by itself', async () => {
  const { store, shared } = open()
  await settle()
  store.isThere = false
  await vi.advanceTimersByTimeAsync(1000)
  expect(stateOf(shared)).toMatchObject({ isAlone: true })
  store.isThere = true
  await vi.advanceTimersByTimeAsync(250)
  expect(stateOf(shared)).toMatchObject({ isAlone: false })
})

test('one that finds the store again is silent all the same, and keeps to its share for three seconds', async () => {
  const { store, shared } = open()
  await settle()
  store.isThere = false
  await shared.take(5, limit)
  store.isThere = true
  expect(await shared.take(5, limit)).toEqual({ granted: 0, waitMs: 1110 })
  await vi.advanceTimersByTimeAsync(1110)
  expect(stateOf(shared)).toEqual(rejoining)
  expect(await shared.take(5, limit)).toEqual({ granted: 5, waitMs: 0 })
  await vi.advanceTimersByTimeAsync(1999)
  expect(stateOf(shared)).toEqual(rejoining)
  await vi.advanceTimersByTimeAsync(1)
  expect(stateOf(shared)).toEqual(together)
})

test('a store that comes and goes silences nobody twice', async () => {
  const { store, shared } = open()
  await settle()
  store.isThere = false
  await shared.take(5, limit)
  await vi.advanceTimersByTimeAsync(1110)
  store.isThere = true
  await vi.advanceTimersByTimeAsync(250)
  expect(stateOf(shared)).toEqual(rejoining)
  await vi.advanceTimersByTimeAsync(800)
  store.isThere = false
  await shared.take(5, limit)
  expect(stateOf(shared)).toEqual(alone)
  // Once it has been back for longer, others may have had more than their shares.
  store.isThere = true
  await vi.advanceTimersByTimeAsync(1500)
  store.isThere = false
  await shared.take(5, limit)
  expect(stateOf(shared)).toEqual({ ...alone, silentForMs: 1110 })
})

test('the share is one of as many as there are, and of four at least', async () => {
  const { store, shared } = open(6)
  await settle()
  expect(stateOf(shared)).toEqual(together)
  store.isThere = false
  await vi.advanceTimersByTimeAsync(2110)
  expect(stateOf(shared)).toEqual({ ...alone, places: 20 })
  // A store that comes back empty knows fewer than there are.
  store.isThere = true
  store.replicas = 1
  await vi.advanceTimersByTimeAsync(1000)
  expect(stateOf(shared)).toEqual({ ...rejoining, places: 20 })
  await settle()
  store.isThere = false
  await vi.advanceTimersByTimeAsync(2110)
  expect(stateOf(shared)).toEqual(alone)
})

test('a closed one asks no more', async () => {
  const { store, shared } = open()
  await settle()
  shared.close()
  const { asked } = store
  await settle()
  expect(store.asked).toBe(asked)
})
