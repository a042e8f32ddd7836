import { afterEach, beforeEach, expect, test } from 'vitest'
import { LocalLocks } from '../../../../src/contacts/locks/local-locks.ts'
import { settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

test('a lock is waited for until the deadline', async () => {
  const locks = new LocalLocks({
    tooMany: () => new Error('too many'),
    tooLate: () => new Error('too late'),
  })
  await locks.acquire('u', 'a', performance.now())
  const deadline = performance.now() + 300
  const waiting = Promise.resolve(locks.acquire('u', 'b', deadline))
  expect(await settled(waiting)).toEqual({ result: new Error('too late'), at: deadline })
})
