/** Creations of one identity, in one process and on several replicas, with each store. */
import { describe, expect, test } from 'vitest'
import { identityRequest, locksOn } from '../../support/identity-requests.ts'
import { openTestStore, storeUrls } from '../../support/stores.ts'

const identity2 = { identity: 'whatsapp 40' }

describe.each(storeUrls)('with %s', (_name, createUrl) => {
  test('creations run one at a time, in one process and between two', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [locksOn(store), locksOn(store)]
    const held = await one.acquire(identityRequest('a'))
    let hasBegun = false
    const second = Promise.resolve(two.acquire(identityRequest('b'))).then((lock) => {
      hasBegun = true
      return lock
    })
    const third = one.acquire(identityRequest('c', { isKeyed: false }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(hasBegun).toBe(false)
    await held.end({ isSettled: true, wasSent: false })
    const [lockOfTwo, lockOfThree] = await Promise.all([second, third])
    expect([held.isAttributable(), lockOfTwo.isAttributable(), lockOfThree.isAttributable()]).toEqual([
      true,
      true,
      true,
    ])
    await Promise.all([
      lockOfTwo.end({ isSettled: true, wasSent: false }),
      lockOfThree.end({ isSettled: true, wasSent: false }),
    ])
  })

  test('a creation is not the sole one while another is unsettled, and neither is a later repeat of the first', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [locksOn(store), locksOn(store)]
    const first = await one.acquire(identityRequest('a'))
    await first.end({ isSettled: false, wasSent: true })
    // Another creation of the same identity, on another replica, is settled.
    const second = await two.acquire(identityRequest('b'))
    expect(second.isAttributable()).toBe(false)
    await second.end({ isSettled: true, wasSent: true })
    // The first is repeated on each replica.
    for (const locks of [one, two]) {
      const again = await locks.acquire(identityRequest('a', { isRepeat: true }))
      expect(again.isAttributable()).toBe(false)
      await again.end({ isSettled: false, wasSent: false })
    }
  })

  test('a repeat without another creation is the sole one, on any replica', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [locksOn(store), locksOn(store)]
    await (await one.acquire(identityRequest('a'))).end({ isSettled: false, wasSent: false })
    for (const locks of [two, one]) {
      const again = await locks.acquire(identityRequest('a', { isRepeat: true }))
      expect(again.isAttributable()).toBe(true)
      await again.end({ isSettled: false, wasSent: false })
    }
  })

  test('a creation is not the sole one within seconds after a settled one', async () => {
    const store = await openTestStore(await createUrl())
    const [one, two] = [locksOn(store), locksOn(store)]
    const first = await one.acquire(identityRequest('a'))
    await first.end({ isSettled: true, wasSent: true })
    const [sameProcess, otherProcess] = [
      await one.acquire(identityRequest('b')),
      await two.acquire(identityRequest('c', identity2)),
    ]
    expect(sameProcess.isAttributable()).toBe(false)
    await Promise.all([
      sameProcess.end({ isSettled: true, wasSent: false }),
      otherProcess.end({ isSettled: true, wasSent: false }),
    ])
    expect((await two.acquire(identityRequest('d'))).isAttributable()).toBe(false)
  })
})
