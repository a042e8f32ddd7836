import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createIdentityLocks } from '../../../../src/contacts/create/identity-turns.ts'
import type { IdentityRequest } from '../../../../src/contacts/create/identity-mark.ts'
import type { IdentityLocks } from '../../../../src/contacts/create/identity-turns.ts'
import { createLog } from '../../../../src/telemetry/log.ts'
import type { Store } from '../../../../src/store/store.ts'
import { openTestStore, storeUrls } from '../../../support/stores.ts'

const log = createLog({ level: 'silent', secrets: [] })
const options = { resendAfterMs: 60_000, ttlMs: 3_600_000 }

function taker(token: string, change: Partial<IdentityRequest> = {}): IdentityRequest {
  return {
    identity: 'whatsapp 39',
    token,
    isKeyed: true,
    isRepeat: false,
    caller: 'one',
    deadline: performance.now() + 10_000,
    ...change,
  }
}

function turnsOn(store: Store, change: Partial<typeof options> = {}): IdentityLocks {
  return createIdentityLocks(store, log, { ...options, ...change })
}

const identity2 = { identity: 'whatsapp 40' }

/** Which of the turns have come, in order. */
async function orderOf(turns: IdentityLocks, takers: readonly IdentityRequest[]): Promise<string[]> {
  const order: string[] = []
  await Promise.all(
    takers.map(async (one) => {
      const turn = await turns.acquire(one)
      order.push(`${one.token} begins`)
      await new Promise((resolve) => setTimeout(resolve, 5))
      order.push(`${one.token} ends`)
      await turn.end({ isSettled: true, wasSent: false })
    }),
  )
  return order
}

describe.each(storeUrls)('with %s', (_name, createUrl) => {
  test('one at a time, in this process and with another one', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [turnsOn(store), turnsOn(store)]
    const held = await one.acquire(taker('a'))
    let hasBegun = false
    const second = Promise.resolve(two.acquire(taker('b'))).then((turn) => {
      hasBegun = true
      return turn
    })
    const third = one.acquire(taker('c', { isKeyed: false }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(hasBegun).toBe(false)
    await held.end({ isSettled: true, wasSent: false })
    const [turnOfTwo, turnOfThree] = await Promise.all([second, third])
    expect([held.isSole(), turnOfTwo.isSole(), turnOfThree.isSole()]).toEqual([true, true, true])
    await Promise.all([
      turnOfTwo.end({ isSettled: true, wasSent: false }),
      turnOfThree.end({ isSettled: true, wasSent: false }),
    ])
  })

  test('what another one may have made is not one’s own, then and later', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [turnsOn(store), turnsOn(store)]
    const first = await one.acquire(taker('a'))
    await first.end({ isSettled: false, wasSent: true })
    // Another creation of the same identity comes, on another replica, and is settled.
    const second = await two.acquire(taker('b'))
    expect(second.isSole()).toBe(false)
    await second.end({ isSettled: true, wasSent: true })
    // The first is repeated, on either.
    for (const turns of [one, two]) {
      const again = await turns.acquire(taker('a', { isRepeat: true }))
      expect(again.isSole()).toBe(false)
      await again.end({ isSettled: false, wasSent: false })
    }
  })

  test('what nobody else made is one’s own, on any replica', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [turnsOn(store), turnsOn(store)]
    await (await one.acquire(taker('a'))).end({ isSettled: false, wasSent: false })
    for (const turns of [two, one]) {
      const again = await turns.acquire(taker('a', { isRepeat: true }))
      expect(again.isSole()).toBe(true)
      await again.end({ isSettled: false, wasSent: false })
    }
  })

  test('what was settled within the last seconds may bear the same second', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [turnsOn(store), turnsOn(store)]
    const first = await one.acquire(taker('a'))
    await first.end({ isSettled: true, wasSent: true })
    const [sameProcess, otherProcess] = [
      await one.acquire(taker('b')),
      await two.acquire(taker('c', identity2)),
    ]
    expect(sameProcess.isSole()).toBe(false)
    await Promise.all([
      sameProcess.end({ isSettled: true, wasSent: false }),
      otherProcess.end({ isSettled: true, wasSent: false }),
    ])
    expect((await two.acquire(taker('d'))).isSole()).toBe(false)
  })
})

test('a mark that the store has lost is put again, so that a repeat finds its own', async () => {
  const store = await openTestStore('memory:')
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
  expect((await two.acquire(taker('a', { isRepeat: true }))).isSole()).toBe(true)
})

test('a creation that comes after the quiet period finds its own, and takes the first one’s', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const store = await openTestStore('memory:')
  const [one, two] = [turnsOn(store), turnsOn(store)]
  const first = await one.acquire(taker('a'))
  await first.end({ isSettled: false, wasSent: true })
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  const second = await two.acquire(taker('b'))
  expect(second.isSole()).toBe(true)
  await second.end({ isSettled: true, wasSent: true })
  const again = await one.acquire(taker('a', { isRepeat: true }))
  expect(again.isSole()).toBe(false)
  await again.end({ isSettled: true, wasSent: false })
})

test('without a key nothing is stored', async () => {
  const store = await openTestStore('memory:')
  const refusing: Store = { ...store, putIfAbsent: () => Promise.reject(new Error('not to be asked')) }
  const turns = turnsOn(refusing)
  const turn = await turns.acquire(taker('a', { isKeyed: false }))
  await turn.end({ isSettled: false, wasSent: false })
  expect((await turns.acquire(taker('b', { isKeyed: false }))).isSole()).toBe(false)
})

test('a creation without a key makes what an unsettled key finds uncertain', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const turns = turnsOn(await openTestStore('memory:'))
  await (await turns.acquire(taker('a'))).end({ isSettled: false, wasSent: false })
  const other = await turns.acquire(taker('b', { isKeyed: false }))
  expect(other.isSole()).toBe(false)
  // It sends nothing: what is found later is still the first one's.
  await other.end({ isSettled: true, wasSent: false })
  const again = await turns.acquire(taker('a', { isRepeat: true }))
  expect(again.isSole()).toBe(true)
  await again.end({ isSettled: false, wasSent: false })
  const sending = await turns.acquire(taker('c', { isKeyed: false }))
  await sending.end({ isSettled: true, wasSent: true })
  // Long after that, too.
  vi.advanceTimersByTime(options.resendAfterMs + 1)
  expect((await turns.acquire(taker('a', { isRepeat: true }))).isSole()).toBe(false)
})

test('other identities do not wait', async () => {
  const turns = turnsOn(await openTestStore('memory:'))
  await turns.acquire(taker('a', { isKeyed: false }))
  const other = await turns.acquire(taker('b', { identity: 'whatsapp 40', isKeyed: false }))
  expect(other.isSole()).toBe(true)
})

const unkeyed = (token: string, caller: string): IdentityRequest => taker(token, { caller, isKeyed: false })

test('callers take turns', async () => {
  const turns = turnsOn(await openTestStore('memory:'))
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
  const turns = turnsOn(await openTestStore('memory:'))
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
  const turns = turnsOn(await openTestStore('memory:'))
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
  const store = await openTestStore('memory:')
  const turns = turnsOn({ ...store, putIfAbsent: () => Promise.reject(new Error('unreachable')) })
  await expect(turns.acquire(taker('a'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    outcome: 'NOT_APPLIED',
  })
  await (await turns.acquire(taker('b', { isKeyed: false }))).end({ isSettled: true, wasSent: false })
})
