/** Creations of one identity, in one process and on several replicas, with each store. */
import { describe, expect, test } from 'vitest'
import { taker, turnsOn } from '../../support/identity-requests.ts'
import { openTestStore, storeUrls } from '../../support/stores.ts'

const identity2 = { identity: 'whatsapp 40' }

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
    expect([held.isAttributable(), turnOfTwo.isAttributable(), turnOfThree.isAttributable()]).toEqual([
      true,
      true,
      true,
    ])
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
    expect(second.isAttributable()).toBe(false)
    await second.end({ isSettled: true, wasSent: true })
    // The first is repeated, on either.
    for (const turns of [one, two]) {
      const again = await turns.acquire(taker('a', { isRepeat: true }))
      expect(again.isAttributable()).toBe(false)
      await again.end({ isSettled: false, wasSent: false })
    }
  })

  test('what nobody else made is one’s own, on any replica', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [turnsOn(store), turnsOn(store)]
    await (await one.acquire(taker('a'))).end({ isSettled: false, wasSent: false })
    for (const turns of [two, one]) {
      const again = await turns.acquire(taker('a', { isRepeat: true }))
      expect(again.isAttributable()).toBe(true)
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
    expect(sameProcess.isAttributable()).toBe(false)
    await Promise.all([
      sameProcess.end({ isSettled: true, wasSent: false }),
      otherProcess.end({ isSettled: true, wasSent: false }),
    ])
    expect((await two.acquire(taker('d'))).isAttributable()).toBe(false)
  })
})
