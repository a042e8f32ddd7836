import { expect, test } from 'vitest'
import { TurnBook } from '../../src/workers/turn-book.ts'

test('turns are shared, and come back when their window is over', () => {
  const turns = new TurnBook()
  expect(turns.take(1, 3, 5, 1000, 100)).toEqual({ granted: 3, waitMs: 1000, replicas: 1 })
  expect(turns.take(2, 3, 5, 1000, 400)).toEqual({ granted: 2, waitMs: 700, replicas: 2 })
  expect(turns.take(1, 1, 5, 1000, 1099)).toEqual({ granted: 0, waitMs: 1, replicas: 2 })
  expect(turns.take(1, 4, 5, 1000, 1100)).toEqual({ granted: 3, waitMs: 300, replicas: 2 })
  expect(turns.take(2, 4, 5, 1000, 1400)).toEqual({ granted: 2, waitMs: 700, replicas: 2 })
})

test('a limit that was lowered meanwhile is kept', () => {
  const turns = new TurnBook()
  turns.take(1, 5, 5, 1000, 0)
  expect(turns.take(1, 1, 3, 1000, 500)).toEqual({ granted: 0, waitMs: 500, replicas: 1 })
})

test('a worker that has not asked for a minute is not counted any more', () => {
  const turns = new TurnBook()
  turns.take(1, 0, 5, 1000, 0)
  expect(turns.take(2, 0, 5, 1000, 59_999)).toMatchObject({ replicas: 2 })
  expect(turns.take(2, 0, 5, 1000, 60_000)).toMatchObject({ replicas: 1 })
})

test('in no window more leave than the limit, however they are asked for', () => {
  const turns = new TurnBook()
  const taken: number[] = []
  for (let now = 0; now < 5000; now += 7) {
    const { granted } = turns.take(now % 3, (now % 5) + 1, 20, 1000, now)
    for (let turn = 0; turn < granted; turn += 1) taken.push(now)
  }
  const windows = taken.map((from) => taken.filter((at) => at >= from && at < from + 1000).length)
  expect(Math.max(...windows)).toBe(20)
  expect(taken).toHaveLength(5 * 20)
})
