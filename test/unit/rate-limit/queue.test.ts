import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Queue } from '../../../src/rate-limit/queue.ts'

test('it holds what an array would, after any number of pushes and shifts', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { size: 'large' }), (pushes) => {
      const fifo = new Queue<number>()
      const array: number[] = []
      for (const [item, isPush] of pushes.entries()) {
        if (isPush) {
          fifo.push(item)
          array.push(item)
        } else if (array.length > 0) {
          fifo.shift()
          array.shift()
        }
        expect(fifo.size).toBe(array.length)
        expect(Array.from({ length: fifo.size + 1 }, (_, index) => fifo.at(index))).toEqual([
          ...array,
          undefined,
        ])
      }
    }),
    { numRuns: 50 },
  )
})
