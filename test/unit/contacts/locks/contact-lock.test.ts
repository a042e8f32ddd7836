/** The order of changes of one contact, in one process. */
import { expect, test } from 'vitest'
import { many, openLock, refused, resultOf } from '../../../support/test-lock.ts'

test('callers are served round-robin, and each caller’s changes in their order', async () => {
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

test('a caller may have ten changes of a contact waiting, and one more is refused at once', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const running = [run('a0', 'a', 'u', first.promise), ...many(10).map((n) => run(`a${n + 1}`, 'a'))]
  expect(await resultOf(run('a11', 'a'))).toEqual(
    refused('This caller has 10 tag changes of this contact waiting already; the limit is 10'),
  )
  const others = [run('b1', 'b'), run('v1', 'a', 'v')]
  first.resolve()
  expect(await Promise.all([...running, ...others])).toHaveLength(13)
  expect(await run('a11', 'a')).toBe('a11')
})

test('a caller may have a thousand changes waiting, and all callers together ten thousand', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const contacts = many(101).map((n) => `u${n}`)
  const running = contacts.map((uuid) => run(uuid, 'first', uuid, first.promise))
  for (const caller of many(10)) {
    for (const uuid of contacts.slice(1)) {
      for (const n of many(10)) running.push(run(`${n}`, `${caller}`, uuid))
    }
    expect(await resultOf(run('more', `${caller}`, 'u0'))).toEqual(
      refused('This caller has 1,000 tag changes waiting already; the limit is 1,000'),
    )
  }
  expect(await resultOf(run('more', 'another', 'u0'))).toEqual(
    refused('The gateway has 10,000 tag changes waiting already; the limit is 10,000'),
  )
  // A change that does not wait is accepted.
  expect(await run('new', 'another', 'v')).toBe('new')
  first.resolve()
  expect(await Promise.all(running)).toHaveLength(10_101)
  // Completed changes do not count.
  expect(await Promise.all([run('a', '0'), run('b', '0')])).toEqual(['a', 'b'])
})

test('changes that have timed out do not count as waiting', async () => {
  const { run } = openLock()
  const first = Promise.withResolvers<void>()
  const contacts = many(100).map((n) => `u${n}`)
  const running = contacts.map((uuid) => run(uuid, 'first', uuid, first.promise))
  const deadline = performance.now() + 100
  const late = contacts.flatMap((uuid) =>
    many(10).map((n) => resultOf(run(`${n}`, 'a', uuid, undefined, deadline))),
  )
  await Promise.all(late)
  const next = run('next', 'a', 'u0')
  first.resolve()
  await Promise.all(running)
  expect(await next).toBe('next')
})

test('a change that waits until its deadline is refused, and does not block the next one', async () => {
  const { run, started } = openLock()
  const first = Promise.withResolvers<void>()
  const running = run('a0', 'a', 'u', first.promise)
  const late = many(10).map((n) => resultOf(run(`late ${n}`, 'a', 'u', undefined, performance.now() + 50)))
  const tooLate = refused('Other changes of this contact took until the deadline of this one')
  expect(await Promise.all(late)).toEqual(late.map(() => tooLate))
  const next = run('a1', 'a')
  first.resolve()
  await Promise.all([running, next])
  expect(started).toEqual(['a0', 'a1'])
})

test('after a failed change the next one starts', async () => {
  const { run } = openLock()
  const fails = run('a0', 'a', 'u', Promise.reject(new Error('no')))
  const next = run('a1', 'a')
  await expect(fails).rejects.toThrow('no')
  expect(await next).toBe('a1')
})
