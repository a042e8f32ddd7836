import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Queue } from '../../../src/rate-limit/queue.ts'

test('the queue equals an array after any number of pushes and shifts', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { size: 'large' }), (pushes) => {
      const queue = new Queue<number>()
      const array: number[] = []
      for (const [item, isPush] of pushes.entries()) {
        if (isPush) {
          queue.push(item)
          array.push(item)
        } else if (array.length > 0) {
          queue.shift()
          array.shift()
        }
        expect(queue.size).toBe(array.length)
        expect(Array.from({ length: queue.size + 1 }, (_, index) => queue.at(index))).toEqual([
          ...array,
          undefined,
        ])
      }
    }),
    { numRuns: 50 },
  )
})
