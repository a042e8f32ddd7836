/** The order of changes of one contact, between processes. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ContactLock } from '../../../src/contacts/locks/contact-lock.ts'
import { createContactLock } from '../../../src/contacts/locks/contact-lock.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore } from '../../support/stores.ts'
import { inAMinute, many, openLock, refused, resultOf } from '../../support/test-lock.ts'

describe.runIf(hasRedis)('between processes on one Redis', () => {
  test('a process that has just changed a contact does so again after a waiting process', async () => {
    const { url } = await startRedis()
    const stores = [await openTestStore(url), await openTestStore(url)] as const
    const [one, another] = [createContactLock(stores[0]), createContactLock(stores[1])]
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const run = (lock: ContactLock, name: string, held?: Promise<void>) =>
      lock.run('u', 'a', inAMinute(), async () => {
        order.push(name)
        await held
      })
    const running = [run(one, 'one 0', first.promise)]
    await expect.poll(() => order).toEqual(['one 0'])
    running.push(...many(5).map((n) => run(one, `one ${n + 1}`)), run(another, 'another'))
    const at = async (key: string) => (await stores[0].readRecord(key))?.record ?? null
    // The first process has released the place of the next one, and the other process has acquired it.
    await expect.poll(async () => [null, await at('lock:u')].includes(await at('next:u'))).toBe(false)
    first.resolve()
    await Promise.all(running)
    expect(order).toEqual(['one 0', 'another', ...many(5).map((n) => `one ${n + 1}`)])
    await expect.poll(() => Promise.all(['lock:u', 'next:u'].map(at))).toEqual([null, null])
    await Promise.all(stores.map((store) => store.close()))
  })

  test('changes of a contact never overlap', async () => {
    const { url } = await startRedis()
    const stores = await Promise.all(many(3).map(() => openTestStore(url)))
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
    let running = 0
    let maximum = 0
    const changes = stores
      .map((store) => createContactLock(store))
      .flatMap((lock) =>
        many(5).map(() =>
          lock.run('u', 'a', inAMinute(), async () => {
            running += 1
            maximum = Math.max(maximum, running)
            await new Promise(setImmediate)
            running -= 1
          }),
        ),
      )
    await Promise.all(changes)
    expect(maximum).toBe(1)
  })

  test('a change whose lock the store has lost is a CONFLICT with the outcome UNKNOWN', async () => {
    const { url } = await startRedis()
    const stores = [await openTestStore(url), await openTestStore(url)] as const
    onTestFinished(() => stores[1].close())
    const { run, started } = openLock(stores[0])
    const first = Promise.withResolvers<void>()
    const running = resultOf(run('one', 'a', 'u', first.promise))
    await expect.poll(() => started).toEqual(['one'])
    const lock = await stores[1].readRecord('lock:u')
    await stores[1].remove('lock:u', lock?.record ?? expect.unreachable())
    const another = await createContactLock(stores[1]).run('u', 'b', inAMinute(), () =>
      Promise.resolve('two'),
    )
    first.resolve()
    expect([another, await running]).toEqual([
      'two',
      {
        code: 'CONFLICT',
        outcome: 'UNKNOWN',
        retryable: false,
        message:
          'The gateway’s store lost its data, so another change of this contact may have run meanwhile',
      },
    ])
    expect(await run('three', 'a')).toBe('three')
  })

  test('a change that waits until its deadline is refused, and does not block the next one', async () => {
    const { url } = await startRedis()
    const stores = [await openTestStore(url), await openTestStore(url)] as const
    const locks = stores.map((store) => openLock(store))
    const first = Promise.withResolvers<void>()
    const running = locks[0]?.run('one', 'a', 'u', first.promise)
    await expect.poll(() => locks[0]?.started).toEqual(['one'])
    const late = locks[1]?.run('late', 'a', 'u', undefined, performance.now() + 1000) ?? Promise.resolve()
    expect(await resultOf(late)).toEqual(
      refused('Other changes of this contact took until the deadline of this one'),
    )
    await expect.poll(() => stores[0].readRecord('next:u')).toBeNull()
    first.resolve()
    await running
    expect(await locks[1]?.run('next', 'a')).toBe('next')
  })
})
