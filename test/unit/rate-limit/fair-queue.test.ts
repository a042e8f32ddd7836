import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue } from '../../../src/rate-limit/fair-queue.ts'

function takeAll<T>(queue: FairQueue<T>): T[] {
  return Array.from({ length: queue.size }, () => queue.takeNext()).filter((one) => one !== undefined)
}

test('buckets are served round-robin, and items of a bucket in their order', () => {
  const queue = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'a3', 'c1', 'b2']) queue.add(one.slice(0, 1), one)
  expect([queue.size, queue.sizeOf('a'), queue.sizeOf('d')]).toEqual([6, 3, 0])
  expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  expect(queue.takeNext()).toBeUndefined()
})

test('a bucket that is added again is served after the waiting ones', () => {
  const queue = new FairQueue<string>()
  queue.add('a', 'a1')
  queue.add('b', 'b1')
  expect(queue.takeNext()).toBe('a1')
  queue.add('a', 'a2')
  queue.add('b', 'b2')
  expect(takeAll(queue)).toEqual(['b1', 'a2', 'b2'])
})

const isNotA = (bucket: string): boolean => bucket !== 'a'

test('a bucket that may not be served keeps its position, and others are served', () => {
  const queue = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'c1']) queue.add(one.slice(0, 1), one)
  expect([queue.hasWaiting(isNotA), queue.takeNext(isNotA), queue.takeNext(isNotA)]).toEqual([
    true,
    'b1',
    'c1',
  ])
  expect([queue.hasWaiting(isNotA), queue.takeNext(isNotA), queue.size]).toEqual([false, undefined, 2])
  expect(takeAll(queue)).toEqual(['a1', 'a2'])
})

test('a removed item is not served, and all others keep their order', () => {
  const queue = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'b2']) queue.add(one.slice(0, 1), one)
  queue.remove('a', 'a1')
  queue.remove('a', 'a1')
  queue.remove('b', 'b2')
  queue.remove('c', 'c1')
  expect(queue.size).toBe(2)
  expect(takeAll(queue)).toEqual(['a2', 'b1'])
})

test('an empty bucket uses no memory', () => {
  const queue = new FairQueue<string>()
  for (let bucket = 0; bucket < 100; bucket += 1) {
    queue.add(`taken ${bucket}`, 'one')
    queue.takeNext()
    queue.add(`gone ${bucket}`, 'one')
    queue.remove(`gone ${bucket}`, 'one')
  }
  expect(queue).toEqual(new FairQueue<string>())
})

test('after any history, a new item is served at its reported position, and no bucket gets more than its share', () => {
  const bucket = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    { weight: 3, arbitrary: bucket },
    { weight: 1, arbitrary: fc.constant('take' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), bucket, (steps, added) => {
      const queue = new FairQueue<{ readonly bucket: string }>()
      for (const one of steps) {
        if (one === 'take') queue.takeNext()
        else queue.add(one, { bucket: one })
      }
      const position = queue.positionOf(added)
      const own = queue.sizeOf(added)
      const item = { bucket: added }
      queue.add(added, item)
      const before = takeAll(queue)
      before.length = before.indexOf(item)
      expect(before).toHaveLength(position)
      for (const other of ['a', 'b', 'c', 'd']) {
        const served = before.filter((one) => one.bucket === other).length
        expect(served).toBeLessThanOrEqual(own + 1)
      }
    }),
  )
})
