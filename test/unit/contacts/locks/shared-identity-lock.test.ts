/** How long the mark of an identity excludes other replicas, and makes their finds uncertain. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { IdentityLock } from '../../../../src/contacts/locks/identity-locks.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { pass, settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'
import { options, identityRequest, locksOn } from '../../../support/identity-requests.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

function openMarks(): Store {
  const store = openMemoryStore()
  onTestFinished(() => store.close())
  return store
}

/** A replica that acquires the lock with a deadline in ten seconds, and dies. */
async function dieHolding(store: Store): Promise<IdentityLock> {
  return locksOn(store).acquire(identityRequest('dead'))
}

/** Whether a new replica is the sole one, in time for a single try. */
async function tryOnce(store: Store, change: Partial<typeof options> = {}): Promise<unknown> {
  const request = identityRequest('next', { deadline: performance.now() + 40 })
  try {
    return (await locksOn(store, change).acquire(request)).isAttributable()
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
  // Contacts that were created within five seconds are confused, even with a short quiet period.
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
  const recorded: Store = {
    ...store,
    putIfAbsent(...request) {
      tries.push(performance.now() - start)
      return store.putIfAbsent(...request)
    },
  }
  const start = performance.now()
  const waiting = locksOn(recorded).acquire(identityRequest('next', { deadline: start + 2000 }))
  const { result, at } = await settled(Promise.resolve(waiting))
  expect(result).toMatchObject({ code: 'OVERLOADED', outcome: 'NOT_APPLIED' })
  expect(tries).toEqual([0, 50, 150, 350, 750, 1250, 1750])
  expect(at - start).toBe(1750)
})

test('a creation that ended less than five seconds ago makes finds uncertain', async () => {
  const locks = locksOn(openMarks())
  const isSole = async (token: string): Promise<boolean> => {
    const lock = await locks.acquire(identityRequest(token, { isKeyed: false }))
    void lock.end({ isSettled: true, wasSent: true })
    return lock.isAttributable()
  }
  expect(await isSole('a')).toBe(true)
  await pass(4999)
  expect(await isSole('b')).toBe(false)
  await pass(5000)
  expect(await isSole('c')).toBe(true)
})

test('an unsettled creation makes finds uncertain until the quiet period is over', async () => {
  const locks = locksOn(openMarks())
  const first = await locks.acquire(identityRequest('a'))
  await first.end({ isSettled: false, wasSent: false })
  const isSole = async (): Promise<boolean> => {
    const lock = await locks.acquire(identityRequest('b', { isKeyed: false }))
    void lock.end({ isSettled: true, wasSent: false })
    return lock.isAttributable()
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
  const recorded: Store = {
    ...store,
    putIfAbsent(key, record, ttlMs) {
      mark = key
      return store.putIfAbsent(key, record, ttlMs)
    },
  }
  const lock = await locksOn(recorded).acquire(identityRequest('a'))
  await store.remove(mark, (await store.readRecord(mark))?.record ?? '')
  await pass(afterMs)
  await lock.end({ isSettled: false, wasSent: true })
  expect((await store.readRecord(mark)) !== null).toBe(isRestored)
})

test('the mark of an unsettled creation is kept as long as its key, and that of a settled one for five seconds', async () => {
  const store = openMarks()
  const [one, other] = [locksOn(store), locksOn(store)]
  const unsettled = await one.acquire(identityRequest('a'))
  await unsettled.end({ isSettled: false, wasSent: true })
  await pass(options.ttlMs - 1)
  const again = await other.acquire(identityRequest('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(true)
  await again.end({ isSettled: true, wasSent: true })
  await pass(5000)
  // Without a mark, a repeat cannot know whether others have created a contact.
  expect((await other.acquire(identityRequest('a', { isRepeat: true }))).isAttributable()).toBe(false)
})
