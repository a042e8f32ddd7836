/** How long a request counts, by its connection and its permit. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UpstreamConnection } from '../../../src/rate-limit/connection-pool.ts'
import { Permits } from '../../../src/rate-limit/permit.ts'
import { pass, useFakeClock, useRealClock } from '../../support/fake-clock.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

function openPermits(): Permits {
  const connections = {
    ready: 1,
    lackingFor: () => 0,
    open: async () => undefined,
    take: () => undefined,
    release: () => undefined,
    onChange: () => undefined,
  }
  return new Permits({
    isLimited: true,
    isShared: true,
    maxInFlight: 1,
    connections,
    onRelease: () => undefined,
  })
}

type Loads = readonly [window: number, uncounted: number]

test.each<[string, UpstreamConnection, number, Loads]>([
  ['a permit of the store on an accepted connection', { isAccepted: true }, 50, [0, 0]],
  ['a permit of the store on another connection', { isAccepted: false }, 50, [1, 1]],
])('%s counts for %j long after it was sent', async (_what, connection, usableForMs, loads) => {
  const permits = openPermits()
  permits.create('a', connection, performance.now() + usableForMs).sent()
  await pass(60_000)
  const now = performance.now()
  expect([permits.window.load(now), permits.uncounted.load(now)]).toEqual(loads)
})

test('a request without a permit of the store counts for a second', async () => {
  const permits = openPermits()
  permits.create('a', { isAccepted: true }).sent()
  const sentAt = performance.now()
  const loadAt = (ms: number): number => permits.uncounted.load(sentAt + ms)
  expect([loadAt(1109), loadAt(1110)]).toEqual([1, 0])
})

test('a permit of the store is usable up to and including its expiry', async () => {
  const permit = openPermits().create('a', { isAccepted: true }, performance.now() + 50)
  await pass(50)
  expect(permit.isUsable()).toBe(true)
  await pass(1)
  expect(permit.isUsable()).toBe(false)
})
