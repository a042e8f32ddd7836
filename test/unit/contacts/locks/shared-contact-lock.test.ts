/** How long processes wait for the lock of a contact, and how long it outlives its holder. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { runExclusively } from '../../../../src/contacts/locks/shared-contact-lock.ts'
import type { LockStore } from '../../../../src/store/locks.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import { pass, settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

const never = new Promise<never>(() => undefined)

function openLocks(): LockStore {
  const store = openMemoryStore()
  onTestFinished(() => store.close())
  return store
}

/** Runs a change of a process. @returns when it tried each lock, and when its change started */
function compete(locks: LockStore, deadlineMs: number, change: Promise<unknown> = never) {
  const start = performance.now()
  const tries: Record<string, number[]> = {}
  const started: number[] = []
  const recorded: LockStore = {
    ...locks,
    acquireLock(key, owner, leaseMs) {
      ;(tries[key] ??= []).push(performance.now() - start)
      return locks.acquireLock(key, owner, leaseMs)
    },
  }
  const running = runExclusively(recorded, 'u', start + deadlineMs, () => {
    started.push(performance.now() - start)
    return change
  })
  running.catch(() => undefined)
  return { tries, started, running }
}

test('the lock of a dead process outlives its deadline by two seconds', async () => {
  const locks = openLocks()
  compete(locks, 10_000)
  const { started } = compete(locks, 60_000)
  await pass(20_000)
  expect(started).toEqual([12_000])
})

test('the next holder polls every 50 ms, and the others up to every 200 ms', async () => {
  const locks = openLocks()
  const held = Promise.withResolvers<void>()
  compete(locks, 10_000, held.promise)
  await pass(0)
  const next = compete(locks, 10_000)
  await pass(0)
  const other = compete(locks, 10_000)
  await pass(560)
  held.resolve()
  await pass(400)
  expect(next.tries).toEqual({
    'next:u': [0],
    'lock:u': [0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600],
  })
  expect(other.tries['next:u']).toEqual([0, 50, 150, 350, 550, 750])
})

test('no poll waits past the deadline', async () => {
  const locks = openLocks()
  compete(locks, 10_000)
  await pass(0)
  const start = performance.now()
  const { result, at } = await settled(compete(locks, 120).running)
  expect(result).toMatchObject({ code: 'OVERLOADED', outcome: 'NOT_APPLIED' })
  expect(at - start).toBe(100)
})

test.each([
  [10_000, 1000],
  [300, 300],
])(
  'with a deadline in %i ms, the release of a lock waits up to %i ms for the store',
  async (deadlineMs, waitMs) => {
    const locks: LockStore = { ...openLocks(), releaseLock: () => never }
    const start = performance.now()
    const { result, at } = await settled(compete(locks, deadlineMs, Promise.resolve('changed')).running)
    expect([result, at - start]).toEqual(['changed', waitMs])
  },
)

test('a change whose lock the store has lost is a CONFLICT with the outcome UNKNOWN', async () => {
  const locks: LockStore = { ...openLocks(), releaseLock: () => Promise.resolve(false) }
  const { result } = await settled(compete(locks, 10_000, Promise.resolve('changed')).running)
  expect(result).toMatchObject({ code: 'CONFLICT', outcome: 'UNKNOWN', retryable: false })
})
