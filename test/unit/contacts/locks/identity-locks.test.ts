import { expect, onTestFinished, test, vi } from 'vitest'
import type { IdentityRequest } from '../../../../src/contacts/locks/shared-identity-lock.ts'
import type { IdentityLocks } from '../../../../src/contacts/locks/identity-locks.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { options, identityRequest, locksOn } from '../../../support/identity-requests.ts'

/** The order in which the requests acquire and release the lock. */
async function orderOf(locks: IdentityLocks, requests: readonly IdentityRequest[]): Promise<string[]> {
  const order: string[] = []
  await Promise.all(
    requests.map(async (one) => {
      const lock = await locks.acquire(one)
      order.push(`${one.token} begins`)
      await new Promise(setImmediate)
      order.push(`${one.token} ends`)
      await lock.end({ isSettled: true, wasSent: false })
    }),
  )
  return order
}

test('a mark that the store has lost is restored, so that a repeat is the sole creation', async () => {
  const store = openMemoryStore()
  let mark = ''
  const watched: Store = {
    ...store,
    putIfAbsent(key, record, ttlMs) {
      mark = key
      return store.putIfAbsent(key, record, ttlMs)
    },
  }
  const [one, two] = [locksOn(watched), locksOn(watched)]
  const first = await one.acquire(identityRequest('a'))
  await store.remove(mark, (await store.readRecord(mark))?.record ?? '')
  await first.end({ isSettled: false, wasSent: true })
  expect((await two.acquire(identityRequest('a', { isRepeat: true }))).isAttributable()).toBe(true)
})

test('a creation after the quiet period is the sole one, and a repeat of the earlier one is not', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const store = openMemoryStore()
  const [one, two] = [locksOn(store), locksOn(store)]
  const first = await one.acquire(identityRequest('a'))
  await first.end({ isSettled: false, wasSent: true })
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  const second = await two.acquire(identityRequest('b'))
  expect(second.isAttributable()).toBe(true)
  await second.end({ isSettled: true, wasSent: true })
  const again = await one.acquire(identityRequest('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(false)
  await again.end({ isSettled: true, wasSent: false })
})

test('without a key nothing is stored', async () => {
  const store = openMemoryStore()
  const refusing: Store = { ...store, putIfAbsent: () => Promise.reject(new Error('not to be asked')) }
  const locks = locksOn(refusing)
  const lock = await locks.acquire(identityRequest('a', { isKeyed: false }))
  await lock.end({ isSettled: false, wasSent: false })
  expect((await locks.acquire(identityRequest('b', { isKeyed: false }))).isAttributable()).toBe(false)
})

test('a creation without a key makes what an unsettled key finds uncertain', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const locks = locksOn(openMemoryStore())
  await (await locks.acquire(identityRequest('a'))).end({ isSettled: false, wasSent: false })
  const other = await locks.acquire(identityRequest('b', { isKeyed: false }))
  expect(other.isAttributable()).toBe(false)
  // It sends nothing, so a find is still the first creation's.
  await other.end({ isSettled: true, wasSent: false })
  const again = await locks.acquire(identityRequest('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(true)
  await again.end({ isSettled: false, wasSent: false })
  const sending = await locks.acquire(identityRequest('c', { isKeyed: false }))
  await sending.end({ isSettled: true, wasSent: true })
  // Also after the quiet period.
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  expect((await locks.acquire(identityRequest('a', { isRepeat: true }))).isAttributable()).toBe(false)
})

test('other identities do not wait', async () => {
  const locks = locksOn(openMemoryStore())
  await locks.acquire(identityRequest('a', { isKeyed: false }))
  const other = await locks.acquire(identityRequest('b', { identity: 'whatsapp 40', isKeyed: false }))
  expect(other.isAttributable()).toBe(true)
})

const unkeyed = (token: string, caller: string): IdentityRequest =>
  identityRequest(token, { caller, isKeyed: false })

test('callers are served round-robin', async () => {
  const locks = locksOn(openMemoryStore())
  const order = await orderOf(locks, [
    unkeyed('1a', 'one'),
    unkeyed('1b', 'one'),
    unkeyed('1c', 'one'),
    unkeyed('2a', 'two'),
  ])
  expect(order.filter((step) => step.endsWith('begins'))).toEqual([
    '1a begins',
    '1b begins',
    '2a begins',
    '1c begins',
  ])
  expect(order.map((step) => step.split(' ')[0])).toEqual(['1a', '1a', '1b', '1b', '2a', '2a', '1c', '1c'])
})

test('a lock that is not acquired in time is refused, and nothing is applied', async () => {
  const locks = locksOn(openMemoryStore())
  const held = await locks.acquire(identityRequest('a', { isKeyed: false }))
  await expect(
    locks.acquire(identityRequest('b', { deadline: performance.now() + 20 })),
  ).rejects.toMatchObject({
    code: 'OVERLOADED',
    outcome: 'NOT_APPLIED',
    retryable: true,
    attempts: 0,
  })
  await held.end({ isSettled: true, wasSent: false })
  await (await locks.acquire(identityRequest('c'))).end({ isSettled: true, wasSent: false })
})

test('a caller may have ten creations waiting for an identity', async () => {
  const locks = locksOn(openMemoryStore())
  await locks.acquire(identityRequest('first', { isKeyed: false }))
  const late = Array.from({ length: 10 }, (_, n) =>
    Promise.resolve(
      locks.acquire(identityRequest(`late ${n}`, { isKeyed: false, deadline: performance.now() + 500 })),
    ).catch(({ code }) => code),
  )
  await expect(locks.acquire(identityRequest('one more'))).rejects.toThrow(
    'This caller has 10 creations of the same contact or note waiting already; the limit is 10',
  )
  expect(await Promise.all(late)).toEqual(Array.from({ length: 10 }, () => 'OVERLOADED'))
})

test('without the store, a creation with a key is refused before anything is sent', async () => {
  const store = openMemoryStore()
  const locks = locksOn({ ...store, putIfAbsent: () => Promise.reject(new Error('unreachable')) })
  await expect(locks.acquire(identityRequest('a'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    outcome: 'NOT_APPLIED',
  })
  await (
    await locks.acquire(identityRequest('b', { isKeyed: false }))
  ).end({ isSettled: true, wasSent: false })
})
