/** The time in which a request counts. */
import { expect, test } from 'vitest'
import { SlidingWindow } from '../../../src/rate-limit/sliding-window.ts'

/** A window with one request that starts at 0. */
function openWindow(endsAt?: number, mayArriveLate = false): SlidingWindow {
  const window = new SlidingWindow()
  const entry = window.add()
  entry.start(0, mayArriveLate)
  if (endsAt !== undefined) entry.end(endsAt)
  return window
}

test.each([
  ['is answered soon, a second after the answer', 40, 40 + 1010],
  ['is answered late, a second after its latest arrival', 500, 100 + 1010],
  ['is not answered, a second after its latest arrival', undefined, 100 + 1010],
])('the slot of a request that %s is free', (_what, endsAt, freeAt) => {
  const window = openWindow(endsAt)
  expect(window.nextSlotAt(500, 1)).toBe(freeAt)
  expect([window.load(freeAt - 1), window.load(freeAt)]).toEqual([1, 0])
})

test('the slot of a request that may arrive late is free a second after its answer', () => {
  const window = openWindow(3000, true)
  expect(window.nextSlotAt(3000, 1)).toBe(3000 + 1010)
  expect([window.load(4009), window.load(4010)]).toEqual([1, 0])
  expect(openWindow(undefined, true).load(60_000)).toBe(1)
})

test('a second that begins late delays those that are counted after it', () => {
  const window = new SlidingWindow()
  const [late, other] = [window.add(), window.add()]
  late.start(0, true)
  other.start(0, false)
  other.end(50)
  late.end(300)
  expect(window.nextSlotAt(400, 1)).toBe(300 + 1010)
})

test('an eighth of the limit may start in a tenth of the second', () => {
  const window = openWindow(0)
  expect([window.freeSlots(0, 8), window.nextSlotAt(0, 8)]).toEqual([0, 101])
  expect([window.freeSlots(100, 8), window.freeSlots(101, 8)]).toEqual([0, 1])
})
