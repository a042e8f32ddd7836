/** For how long the mark of an identity excludes other replicas, and makes what they find uncertain. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { IdentityLock } from '../../../../src/contacts/locks/identity-locks.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { pass, settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'
import { options, taker, turnsOn } from '../../../support/identity-requests.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

function openMarks(): Store {
  const store = openMemoryStore()
  onTestFinished(() => store.close())
  return store
}

/** Of a replica that acquires the lock with a deadline in ten seconds, and dies. */
async function dieHolding(store: Store): Promise<IdentityLock> {
  return turnsOn(store).acquire(taker('dead'))
}

/** Whether a new replica is the sole one, in time for a single try. */
async function tryOnce(store: Store, change: Partial<typeof options> = {}): Promise<unknown> {
  const request = taker('next', { deadline: performance.now() + 40 })
  try {
    return (await turnsOn(store, change).acquire(request)).isAttributable()
  } catch (error) {
    return error
  }
}

test('the mark of a dead replica outlives its deadline by two seconds', async () => {
  const store = openMarks()
  await dieHolding(store)
  await pass(11_999)
  expect(await tryOnce(store)).toMatchObject({ code: 'OVERLOADED', outcome: 'NOT_APPLIED' })
  await pass(1)
  expect(await tryOnce(store)).toBe(false)
})

test.each([
  [60_000, 12_000 + 60_000],
  // What was created at nearly the same time is confused, however short the quiet period is.
  [1, 12_000 + 5000],
])(
  'with a quiet period of %i ms, the mark makes finds uncertain for %i ms',
  async (resendAfterMs, untilMs) => {
    const [early, late] = [openMarks(), openMarks()]
    await dieHolding(early)
    await dieHolding(late)
    await pass(untilMs - 1)
    expect(await tryOnce(early, { resendAfterMs })).toBe(false)
    await pass(1)
    expect(await tryOnce(late, { resendAfterMs })).toBe(true)
  },
)

test('a replica polls up to every half second, and not past its deadline', async () => {
  const store = openMarks()
  await dieHolding(store)
  const tries: number[] = []
  const noting: Store = {
    ...store,
    putIfAbsent(...request) {
      tries.push(performance.now() - start)
      return store.putIfAbsent(...request)
    },
  }
  const start = performance.now()
  const waiting = turnsOn(noting).acquire(taker('next', { deadline: start + 2000 }))
  const { result, at } = await settled(Promise.resolve(waiting))
  expect(result).toMatchObject({ code: 'OVERLOADED', outcome: 'NOT_APPLIED' })
  expect(tries).toEqual([0, 50, 150, 350, 750, 1250, 1750])
  expect(at - start).toBe(1750)
})

test('a creation that ended less than five seconds ago makes finds uncertain', async () => {
  const turns = turnsOn(openMarks())
  const isSole = async (token: string): Promise<boolean> => {
    const turn = await turns.acquire(taker(token, { isKeyed: false }))
    void turn.end({ isSettled: true, wasSent: true })
    return turn.isAttributable()
  }
  expect(await isSole('a')).toBe(true)
  await pass(4999)
  expect(await isSole('b')).toBe(false)
  await pass(5000)
  expect(await isSole('c')).toBe(true)
})

test('an unsettled creation makes finds uncertain until the quiet period is over', async () => {
  const turns = turnsOn(openMarks())
  const first = await turns.acquire(taker('a'))
  await first.end({ isSettled: false, wasSent: false })
  const isSole = async (): Promise<boolean> => {
    const turn = await turns.acquire(taker('b', { isKeyed: false }))
    void turn.end({ isSettled: true, wasSent: false })
    return turn.isAttributable()
  }
  await pass(options.resendAfterMs - 1)
  expect(await isSole()).toBe(false)
  await pass(1)
  expect(await isSole()).toBe(true)
})

test.each([
  [4999, true],
  [5000, false],
])('a mark that the store lost is restored %i ms after it was written: %j', async (afterMs, isRestored) => {
  const store = openMarks()
  let mark = ''
  const noting: Store = {
    ...store,
    putIfAbsent(key, record, ttlMs) {
      mark = key
      return store.putIfAbsent(key, record, ttlMs)
    },
  }
  const turn = await turnsOn(noting).acquire(taker('a'))
  await store.remove(mark, (await store.readRecord(mark))?.record ?? '')
  await pass(afterMs)
  await turn.end({ isSettled: false, wasSent: true })
  expect((await store.readRecord(mark)) !== null).toBe(isRestored)
})

test('the mark of an unsettled creation is kept as long as its key, that of a settled one five seconds', async () => {
  const store = openMarks()
  const [one, other] = [turnsOn(store), turnsOn(store)]
  const unsettled = await one.acquire(taker('a'))
  await unsettled.end({ isSettled: false, wasSent: true })
  await pass(options.ttlMs - 1)
  const again = await other.acquire(taker('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(true)
  await again.end({ isSettled: true, wasSent: true })
  await pass(5000)
  // Without a mark, a repeat can't know what others have created.
  expect((await other.acquire(taker('a', { isRepeat: true }))).isAttributable()).toBe(false)
})
