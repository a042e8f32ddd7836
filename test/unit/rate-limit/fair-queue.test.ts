import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue } from '../../../src/rate-limit/fair-queue.ts'

function takeAll<T>(line: FairQueue<T>): T[] {
  return Array.from({ length: line.size }, () => line.takeNext()).filter((one) => one !== undefined)
}

test('buckets take turns, and whoever comes first is first within its bucket', () => {
  const line = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'a3', 'c1', 'b2']) line.add(one.slice(0, 1), one)
  expect([line.size, line.sizeOf('a'), line.sizeOf('d')]).toEqual([6, 3, 0])
  expect(takeAll(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  expect(line.takeNext()).toBeUndefined()
})

test('a bucket that comes back has its turn after those that are there', () => {
  const line = new FairQueue<string>()
  line.add('a', 'a1')
  line.add('b', 'b1')
  expect(line.takeNext()).toBe('a1')
  line.add('a', 'a2')
  line.add('b', 'b2')
  expect(takeAll(line)).toEqual(['b1', 'a2', 'b2'])
})

const isNotA = (bucket: string): boolean => bucket !== 'a'

test('a bucket that may not go keeps its place, and others go', () => {
  const line = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'c1']) line.add(one.slice(0, 1), one)
  expect([line.hasWaiting(isNotA), line.takeNext(isNotA), line.takeNext(isNotA)]).toEqual([true, 'b1', 'c1'])
  expect([line.hasWaiting(isNotA), line.takeNext(isNotA), line.size]).toEqual([false, undefined, 2])
  expect(takeAll(line)).toEqual(['a1', 'a2'])
})

test('who leaves the line is not taken any more, and takes nobody’s turn', () => {
  const line = new FairQueue<string>()
  for (const one of ['a1', 'a2', 'b1', 'b2']) line.add(one.slice(0, 1), one)
  line.remove('a', 'a1')
  line.remove('a', 'a1')
  line.remove('b', 'b2')
  line.remove('c', 'c1')
  expect(line.size).toBe(2)
  expect(takeAll(line)).toEqual(['a2', 'b1'])
})

test('nothing is kept of a bucket in which nobody waits', () => {
  const line = new FairQueue<string>()
  for (let bucket = 0; bucket < 100; bucket += 1) {
    line.add(`taken ${bucket}`, 'one')
    line.takeNext()
    line.add(`gone ${bucket}`, 'one')
    line.remove(`gone ${bucket}`, 'one')
  }
  expect(line).toEqual(new FairQueue<string>())
})

test('whatever has come and gone, a newcomer is taken after as many as were told, and no other bucket has more turns than its own', () => {
  const bucket = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    { weight: 3, arbitrary: bucket },
    { weight: 1, arbitrary: fc.constant('take' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), bucket, (steps, newcomer) => {
      const line = new FairQueue<{ readonly bucket: string }>()
      for (const one of steps) {
        if (one === 'take') line.takeNext()
        else line.add(one, { bucket: one })
      }
      const told = line.positionOf(newcomer)
      const own = line.sizeOf(newcomer)
      const joined = { bucket: newcomer }
      line.add(newcomer, joined)
      const before = takeAll(line)
      before.length = before.indexOf(joined)
      expect(before).toHaveLength(told)
      for (const other of ['a', 'b', 'c', 'd']) {
        const turns = before.filter((one) => one.bucket === other).length
        expect(turns).toBeLessThanOrEqual(own + 1)
      }
    }),
  )
})
