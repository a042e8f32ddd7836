import { expect, test } from 'vitest'
import type { PermitReply, PermitRequest } from '../../src/store/store.ts'
import { TurnBook } from '../../src/workers/turn-book.ts'
import { permitRequest } from '../support/permit-request.ts'

function open() {
  const book = new TurnBook()
  return (worker: number, now: number, changes: Partial<PermitRequest>): Partial<PermitReply> => {
    const { granted, waitMs, replicas } = book.take(
      worker,
      permitRequest({ lifetimeMs: 1000, ...changes }),
      now,
    )
    return { granted, waitMs, replicas }
  }
}

test('permits are shared, and count until their lifetime is over', () => {
  const take = open()
  expect(take(1, 100, { wanted: 3 })).toEqual({ granted: 3, waitMs: 1000, replicas: 1 })
  expect(take(2, 400, { wanted: 3 })).toEqual({ granted: 2, waitMs: 700, replicas: 2 })
  expect(take(1, 1099, { wanted: 1 })).toEqual({ granted: 0, waitMs: 1, replicas: 2 })
  expect(take(1, 1100, { wanted: 4 })).toEqual({ granted: 3, waitMs: 300, replicas: 2 })
  expect(take(2, 1400, { wanted: 4 })).toEqual({ granted: 2, waitMs: 700, replicas: 2 })
})

test('each permit counts for as long as its worker may need', () => {
  const take = open()
  take(1, 0, { wanted: 2, lifetimeMs: 1500 })
  take(2, 100, { wanted: 3 })
  expect(take(2, 1100, { wanted: 5 })).toEqual({ granted: 3, waitMs: 400, replicas: 2 })
})

test('what is sent without a permit is left free', () => {
  const take = open()
  take(1, 0, { uncounted: 4 })
  expect(take(2, 100, { wanted: 5 })).toEqual({ granted: 1, waitMs: 1000, replicas: 2 })
  take(1, 200, { uncounted: 0 })
  expect(take(2, 200, { wanted: 5 })).toMatchObject({ granted: 4 })
})

test('a limit that was lowered meanwhile is kept', () => {
  const take = open()
  take(1, 0, { wanted: 5 })
  expect(take(1, 500, { wanted: 1, limit: 3 })).toEqual({ granted: 0, waitMs: 500, replicas: 1 })
})

test('a worker that has not asked for a minute is not counted any more', () => {
  const take = open()
  take(1, 0, { uncounted: 5 })
  expect(take(2, 59_999, { wanted: 1 })).toEqual({ granted: 0, waitMs: 100, replicas: 2 })
  expect(take(2, 60_000, { wanted: 1 })).toEqual({ granted: 1, waitMs: 1000, replicas: 1 })
})

test('in no window more are granted than the limit, however they are asked for', () => {
  const take = open()
  const taken: number[] = []
  for (let now = 0; now < 5000; now += 7) {
    const { granted = 0 } = take(now % 3, now, { wanted: (now % 5) + 1, limit: 20 })
    for (let permit = 0; permit < granted; permit += 1) taken.push(now)
  }
  const windows = taken.map((from) => taken.filter((at) => at >= from && at < from + 1000).length)
  expect(Math.max(...windows)).toBe(20)
  expect(taken).toHaveLength(5 * 20)
})
