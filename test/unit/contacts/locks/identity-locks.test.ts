import { expect, onTestFinished, test, vi } from 'vitest'
import type { IdentityRequest } from '../../../../src/contacts/locks/shared-identity-lock.ts'
import type { IdentityLocks } from '../../../../src/contacts/locks/identity-locks.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { options, taker, turnsOn } from '../../../support/identity-requests.ts'

/** Which of the turns have come, in order. */
async function orderOf(turns: IdentityLocks, takers: readonly IdentityRequest[]): Promise<string[]> {
  const order: string[] = []
  await Promise.all(
    takers.map(async (one) => {
      const turn = await turns.acquire(one)
      order.push(`${one.token} begins`)
      await new Promise(setImmediate)
      order.push(`${one.token} ends`)
      await turn.end({ isSettled: true, wasSent: false })
    }),
  )
  return order
}

test('a mark that the store has lost is put again, so that a repeat finds its own', async () => {
  const store = openMemoryStore()
  let mark = ''
  const watched: Store = {
    ...store,
    putIfAbsent(key, record, ttlMs) {
      mark = key
      return store.putIfAbsent(key, record, ttlMs)
    },
  }
  const [one, two] = [turnsOn(watched), turnsOn(watched)]
  const first = await one.acquire(taker('a'))
  await store.remove(mark, (await store.readRecord(mark))?.record ?? '')
  await first.end({ isSettled: false, wasSent: true })
  expect((await two.acquire(taker('a', { isRepeat: true }))).isAttributable()).toBe(true)
})

test('a creation that comes after the quiet period finds its own, and takes the first one’s', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const store = openMemoryStore()
  const [one, two] = [turnsOn(store), turnsOn(store)]
  const first = await one.acquire(taker('a'))
  await first.end({ isSettled: false, wasSent: true })
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  const second = await two.acquire(taker('b'))
  expect(second.isAttributable()).toBe(true)
  await second.end({ isSettled: true, wasSent: true })
  const again = await one.acquire(taker('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(false)
  await again.end({ isSettled: true, wasSent: false })
})

test('without a key nothing is stored', async () => {
  const store = openMemoryStore()
  const refusing: Store = { ...store, putIfAbsent: () => Promise.reject(new Error('not to be asked')) }
  const turns = turnsOn(refusing)
  const turn = await turns.acquire(taker('a', { isKeyed: false }))
  await turn.end({ isSettled: false, wasSent: false })
  expect((await turns.acquire(taker('b', { isKeyed: false }))).isAttributable()).toBe(false)
})

test('a creation without a key makes what an unsettled key finds uncertain', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const turns = turnsOn(openMemoryStore())
  await (await turns.acquire(taker('a'))).end({ isSettled: false, wasSent: false })
  const other = await turns.acquire(taker('b', { isKeyed: false }))
  expect(other.isAttributable()).toBe(false)
  // It sends nothing: what is found later is still the first one's.
  await other.end({ isSettled: true, wasSent: false })
  const again = await turns.acquire(taker('a', { isRepeat: true }))
  expect(again.isAttributable()).toBe(true)
  await again.end({ isSettled: false, wasSent: false })
  const sending = await turns.acquire(taker('c', { isKeyed: false }))
  await sending.end({ isSettled: true, wasSent: true })
  // Long after that, too.
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  expect((await turns.acquire(taker('a', { isRepeat: true }))).isAttributable()).toBe(false)
})

test('other identities do not wait', async () => {
  const turns = turnsOn(openMemoryStore())
  await turns.acquire(taker('a', { isKeyed: false }))
  const other = await turns.acquire(taker('b', { identity: 'whatsapp 40', isKeyed: false }))
  expect(other.isAttributable()).toBe(true)
})

const unkeyed = (token: string, caller: string): IdentityRequest => taker(token, { caller, isKeyed: false })

test('callers take turns', async () => {
  const turns = turnsOn(openMemoryStore())
  const order = await orderOf(turns, [
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

test('a turn that does not come in time is refused, and nothing is applied', async () => {
  const turns = turnsOn(openMemoryStore())
  const held = await turns.acquire(taker('a', { isKeyed: false }))
  await expect(turns.acquire(taker('b', { deadline: performance.now() + 20 }))).rejects.toMatchObject({
    code: 'OVERLOADED',
    outcome: 'NOT_APPLIED',
    retryable: true,
    attempts: 0,
  })
  await held.end({ isSettled: true, wasSent: false })
  await (await turns.acquire(taker('c'))).end({ isSettled: true, wasSent: false })
})

test('a caller may have ten waiting for an identity', async () => {
  const turns = turnsOn(openMemoryStore())
  await turns.acquire(taker('first', { isKeyed: false }))
  const late = Array.from({ length: 10 }, (_, n) =>
    Promise.resolve(
      turns.acquire(taker(`late ${n}`, { isKeyed: false, deadline: performance.now() + 500 })),
    ).catch(({ code }) => code),
  )
  await expect(turns.acquire(taker('one more'))).rejects.toThrow(
    'This caller has 10 creations of the same contact or note waiting already; the limit is 10',
  )
  expect(await Promise.all(late)).toEqual(Array.from({ length: 10 }, () => 'OVERLOADED'))
})

test('a store that does not answer refuses what has a key, before anything is sent', async () => {
  const store = openMemoryStore()
  const turns = turnsOn({ ...store, putIfAbsent: () => Promise.reject(new Error('unreachable')) })
  await expect(turns.acquire(taker('a'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    outcome: 'NOT_APPLIED',
  })
  await (await turns.acquire(taker('b', { isKeyed: false }))).end({ isSettled: true, wasSent: false })
})
