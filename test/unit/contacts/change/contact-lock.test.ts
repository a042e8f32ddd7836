/** Who changes a contact next, in one process and between several. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ContactLock } from '../../../../src/contacts/change/contact-lock.ts'
import { createContactLock } from '../../../../src/contacts/change/contact-lock.ts'
import { ContactsError } from '../../../../src/contacts/attempts/failure.ts'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { hasRedis, startRedis } from '../../../support/redis-server.ts'
import { openTestStore } from '../../../support/stores.ts'

const inAMinute = (): number => performance.now() + 60_000
const many = (count: number): number[] => Array.from({ length: count }, (_, number) => number)

/** A lock whose changes are named, and noted when they start. */
function openLock(store: Store = openMemoryStore()) {
  onTestFinished(() => store.close())
  const lock = createContactLock(store)
  const started: string[] = []
  return {
    started,
    run: (name: string, caller: string, uuid = 'u', held?: Promise<void>, deadline = inAMinute()) =>
      lock.run(uuid, caller, deadline, async () => {
        started.push(name)
        await held
        return name
      }),
  }
}

const refused = (message: string) => ({
  code: 'OVERLOADED',
  outcome: 'NOT_APPLIED',
  retryable: true,
  message,
})

/** What became of a change: its result, or what its failure says. */
async function told(change: ReturnType<ContactLock['run']>): Promise<unknown> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof ContactsError)) throw error
    const { code, outcome, retryable, message } = error
    return { code, outcome, retryable, message }
  }
}

test('callers take turns, and each gets its own changes in their order', async () => {
  const { run, started } = openLock()
  const first = Promise.withResolvers<void>()
  const running = [
    run('a0', 'a', 'u', first.promise),
    ...['a1', 'a2', 'a3'].map((name) => run(name, 'a')),
    ...['b1', 'b2'].map((name) => run(name, 'b')),
    run('c1', 'c'),
  ]
  await expect.poll(() => started).toEqual(['a0'])
  first.resolve()
  expect(await Promise.all(running)).toEqual(['a0', 'a1', 'a2', 'a3', 'b1', 'b2', 'c1'])
  expect(started).toEqual(['a0', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('other contacts do not wait', async () => {
  const { run, started } = openLock()
  const first = Promise.withResolvers<void>()
  const running = run('u', 'a', 'u', first.promise)
  expect(await run('v', 'a', 'v')).toBe('v')
  first.resolve()
  await running
  expect(started).toEqual(['u', 'v'])
})

test('a caller has ten waiting for a contact, and is told of one more at once', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const running = [run('a0', 'a', 'u', first.promise), ...many(10).map((n) => run(`a${n + 1}`, 'a'))]
  expect(await told(run('a11', 'a'))).toEqual(
    refused('This caller has 10 tag changes of this contact waiting already; the limit is 10'),
  )
  const others = [run('b1', 'b'), run('v1', 'a', 'v')]
  first.resolve()
  expect(await Promise.all([...running, ...others])).toHaveLength(13)
  expect(await run('a11', 'a')).toBe('a11')
})

test('a caller has a thousand waiting for all contacts, and all callers together ten thousand', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const contacts = many(101).map((n) => `u${n}`)
  const running = contacts.map((uuid) => run(uuid, 'first', uuid, first.promise))
  for (const caller of many(10)) {
    for (const uuid of contacts.slice(1)) {
      for (const n of many(10)) running.push(run(`${n}`, `${caller}`, uuid))
    }
    expect(await told(run('more', `${caller}`, 'u0'))).toEqual(
      refused('This caller has 1,000 tag changes waiting already; the limit is 1,000'),
    )
  }
  expect(await told(run('more', 'another', 'u0'))).toEqual(
    refused('The gateway has 10,000 tag changes waiting already; the limit is 10,000'),
  )
  // Who need not wait takes no place.
  expect(await run('new', 'another', 'v')).toBe('new')
  first.resolve()
  expect(await Promise.all(running)).toHaveLength(10_101)
  // Those that have run take none any more.
  expect(await Promise.all([run('a', '0'), run('b', '0')])).toEqual(['a', 'b'])
})

test('those whose turn did not come take no place any more', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const contacts = many(100).map((n) => `u${n}`)
  const running = contacts.map((uuid) => run(uuid, 'first', uuid, first.promise))
  const deadline = performance.now() + 100
  const late = contacts.flatMap((uuid) =>
    many(10).map((n) => told(run(`${n}`, 'a', uuid, undefined, deadline))),
  )
  await Promise.all(late)
  const next = run('next', 'a', 'u0')
  first.resolve()
  await Promise.all(running)
  expect(await next).toBe('next')
})

test('one whose turn does not come in time is told so at its deadline, and its place is free', async () => {
  const { run, started } = openLock()
  const first = Promise.withResolvers<void>()
  const running = run('a0', 'a', 'u', first.promise)
  const late = many(10).map((n) => told(run(`late ${n}`, 'a', 'u', undefined, performance.now() + 50)))
  const tooLate = refused('Other changes of this contact took until the deadline of this one')
  expect(await Promise.all(late)).toEqual(late.map(() => tooLate))
  const next = run('a1', 'a')
  first.resolve()
  await Promise.all([running, next])
  expect(started).toEqual(['a0', 'a1'])
})

test('a change that fails lets the next one start', async () => {
  const { run } = openLock()
  const fails = run('a0', 'a', 'u', Promise.reject(new Error('no')))
  const next = run('a1', 'a')
  await expect(fails).rejects.toThrow('no')
  expect(await next).toBe('a1')
})

describe.runIf(hasRedis)('between processes on one Redis', () => {
  test('one that has just changed a contact can’t do so again before one that waits', async () => {
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
    // The first one has given up being next, and the other process is.
    await expect.poll(async () => [null, await at('lock:u')].includes(await at('next:u'))).toBe(false)
    first.resolve()
    await Promise.all(running)
    expect(order).toEqual(['one 0', 'another', ...many(5).map((n) => `one ${n + 1}`)])
    await expect.poll(() => Promise.all(['lock:u', 'next:u'].map(at))).toEqual([null, null])
    await Promise.all(stores.map((store) => store.close()))
  })

  test('no two change a contact at the same time', async () => {
    const { url } = await startRedis()
    const stores = await Promise.all(many(3).map(() => openTestStore(url)))
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
    let running = 0
    let most = 0
    const changes = stores
      .map((store) => createContactLock(store))
      .flatMap((lock) =>
        many(5).map(() =>
          lock.run('u', 'a', inAMinute(), async () => {
            running += 1
            most = Math.max(most, running)
            await new Promise(setImmediate)
            running -= 1
          }),
        ),
      )
    await Promise.all(changes)
    expect(most).toBe(1)
  })

  test('a change whose lock the store has lost is not said to be made', async () => {
    const { url } = await startRedis()
    const stores = [await openTestStore(url), await openTestStore(url)] as const
    onTestFinished(() => stores[1].close())
    const { run, started } = openLock(stores[0])
    const first = Promise.withResolvers<void>()
    const running = told(run('one', 'a', 'u', first.promise))
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

  test('one that gives up at its deadline leaves the place to others', async () => {
    const { url } = await startRedis()
    const stores = [await openTestStore(url), await openTestStore(url)] as const
    const locks = stores.map((store) => openLock(store))
    const first = Promise.withResolvers<void>()
    const running = locks[0]?.run('one', 'a', 'u', first.promise)
    await expect.poll(() => locks[0]?.started).toEqual(['one'])
    const late = locks[1]?.run('late', 'a', 'u', undefined, performance.now() + 1000) ?? Promise.resolve()
    expect(await told(late)).toEqual(
      refused('Other changes of this contact took until the deadline of this one'),
    )
    await expect.poll(() => stores[0].readRecord('next:u')).toBeNull()
    first.resolve()
    await running
    expect(await locks[1]?.run('next', 'a')).toBe('next')
  })
})
