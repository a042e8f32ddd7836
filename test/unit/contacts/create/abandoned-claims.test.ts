import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAbandonedClaims } from '../../../../src/contacts/create/abandoned-claims.ts'
import { pass, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

test('abandoned claims are removed every second until the store answers', async () => {
  const start = performance.now()
  const removals: [string, number][] = []
  let isReachable = false
  const claims = createAbandonedClaims({
    remove({ id }) {
      removals.push([id, performance.now() - start])
      return isReachable ? Promise.resolve(true) : Promise.reject(new Error('unreachable'))
    },
  })
  claims.add({ id: 'a', owner: 'o' }, 'claim a')
  await pass(500)
  claims.add({ id: 'b', owner: 'o' }, 'claim b')
  await pass(1500)
  isReachable = true
  await pass(10_000)
  expect(removals).toEqual([
    ['a', 1000],
    ['a', 2000],
    ['a', 3000],
    ['b', 3000],
  ])
  expect([claims.take('claim a'), claims.take('claim b')]).toEqual([false, false])
})
