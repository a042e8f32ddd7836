/** When lookups verify an ambiguous create, and which of them use the retry budget, on a fake clock. */
import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCreateAttempts } from '../../../../src/contacts/create/attempt-create.ts'
import { createCalibration } from '../../../../src/contacts/create/calibration.ts'
import { createCallOnce, verifyOutcome } from '../../../../src/contacts/create/verify-outcome.ts'
import type { Progress } from '../../../../src/domain/callbell-error.ts'
import { CallbellError } from '../../../../src/domain/callbell-error.ts'
import { settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'
import { contextFor, failAmbiguously, never, openCallbell } from '../../../support/keyed-creation.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

const calibration = createCalibration({
  createCall: () => () => never,
  log: pino({ level: 'silent' }),
  proved: ['contact'],
})
const attempts = createCreateAttempts({ calibration, timeAt: ({ monotonicMs }) => monotonicMs })
const isAttributable = (): boolean => true

test.each([
  [10_000, [250, 1000, 2000], 2500],
  // At most two fifths of the time of the call.
  [1000, [250, 400], 500],
])('with %i ms, lookups are sent %j ms after the attempt, and end by %i ms', async (timeoutMs, at, endBy) => {
  const { callbell, creation } = openCallbell()
  callbell.send = failAmbiguously
  const failedAt = performance.now() + 100
  const { result } = await settled(
    attempts.create({ creation, context: contextFor(timeoutMs) }, { isAttributable }),
  )
  expect(result).toMatchObject({ outcome: 'UNKNOWN' })
  expect(callbell.probes.map((time) => time - failedAt)).toEqual(at)
  expect(callbell.probesEndBy.map((time) => time - failedAt)).toEqual(at.map(() => endBy))
})

test('no lookup waits past the deadline', async () => {
  const { callbell, creation } = openCallbell()
  const now = performance.now()
  const verification = { creation, context: contextFor(1500), notBefore: () => 0, isAttributable }
  const { result, at } = await settled(verifyOutcome(verification, now + 2000, calibration))
  expect([result, at - now]).toEqual(['INCONCLUSIVE', 1000])
  expect(callbell.probes.map((time) => time - now)).toEqual([250, 1000])
})

function createBudget(hasTokens: boolean) {
  return {
    earn: vi.fn<() => void>(),
    spend: vi.fn<() => boolean>(() => hasTokens),
    refund: vi.fn<() => void>(),
    tokens: () => 100,
  }
}

test.each<[Progress, number]>([
  ['unsent', 1],
  ['sent', 0],
  ['answered', 0],
])('for a failed lookup with the progress %s, %i tokens are refunded', async (progress, refunds) => {
  const budget = createBudget(true)
  const ask = createCallOnce(contextFor(1000, { budget }))
  const fail = (): Promise<never> =>
    Promise.reject(new CallbellError('CALLBELL_UNAVAILABLE', 'down', { progress }))
  await expect(ask(fail)).rejects.toThrow('down')
  expect([budget.spend.mock.calls.length, budget.refund.mock.calls.length]).toEqual([1, refunds])
})

test('with an empty budget, only a repeat is looked up', async () => {
  const { callbell, creation } = openCallbell()
  const context = contextFor(10_000, { budget: createBudget(false) })
  callbell.send = failAmbiguously
  await settled(attempts.create({ creation, context }, { isAttributable }))
  expect(callbell.probes).toEqual([])
  const { result } = await settled(attempts.verify({ creation, context, notBefore: () => 0, isAttributable }))
  expect([result, callbell.probes.length]).toEqual(['ABSENT', 1])
})
