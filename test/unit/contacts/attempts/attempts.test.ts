/** Which failed attempts each policy sends again, on a fake clock. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { attempts } from '../../../../src/contacts/attempts/attempts.ts'
import { ContactsError } from '../../../../src/contacts/attempts/failure.ts'
import type { AttemptPolicy } from '../../../../src/contacts/attempts/policies.ts'
import {
  AttemptsFailed,
  compareAndSetPolicy,
  createPolicy,
  idempotentPolicy,
  readPolicy,
  unverifiedPolicy,
} from '../../../../src/contacts/attempts/policies.ts'
import type { CallbellErrorCode, Progress } from '../../../../src/domain/callbell-error.ts'
import { CallbellError } from '../../../../src/domain/callbell-error.ts'
import { momentNow } from '../../../../src/domain/moment.ts'
import { createTestContext } from '../../../support/test-context.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function failure(code: CallbellErrorCode, progress: Progress, retryAfterMs?: number): CallbellError {
  const sentAt = progress === 'unsent' ? undefined : momentNow()
  return new CallbellError(code, code, { progress, sentAt, retryAfterMs })
}

const failures = {
  unsent: () => failure('CALLBELL_UNAVAILABLE', 'unsent'),
  'rate limited': () => failure('CALLBELL_RATE_LIMITED', 'answered'),
  ambiguous: () => failure('CALLBELL_UNAVAILABLE', 'answered'),
  rejected: () => failure('CALLBELL_REJECTED', 'answered'),
  unauthorized: () => failure('CALLBELL_UNAUTHORIZED', 'answered'),
  overloaded: () => failure('OVERLOADED', 'unsent'),
  'rate limited until later': () => failure('CALLBELL_RATE_LIMITED', 'answered', 9000),
}

/** Runs attempts that all fail. @returns how many there were, and what was thrown */
async function run(policy: AttemptPolicy, fail: () => CallbellError) {
  const budget = {
    earn: vi.fn<() => void>(),
    spend: vi.fn<() => boolean>(() => true),
    refund: vi.fn<() => void>(),
    tokens: () => 100,
  }
  const context = { ...createTestContext(), budget }
  const leavesTime: boolean[] = []
  const failing = attempts(policy, context, ({ reservesTime = false }) => {
    leavesTime.push(reservesTime)
    return Promise.reject(fail())
  }).catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  const thrown = await failing
  return { sends: leavesTime.length, leavesTime, thrown, budget }
}

type Sends = readonly [read: number, idempotent: number, create: number]

test.each<[keyof typeof failures, Sends]>([
  ['unsent', [4, 4, 4]],
  ['rate limited', [4, 4, 4]],
  ['ambiguous', [4, 4, 1]],
  ['rejected', [1, 1, 1]],
  ['unauthorized', [1, 1, 1]],
  ['overloaded', [1, 1, 1]],
  ['rate limited until later', [1, 1, 1]],
])('attempts that are %s: %j of a read, an idempotent change and a create', async (name, expected) => {
  const sends: number[] = []
  for (const policy of [readPolicy, idempotentPolicy, createPolicy]) {
    sends.push((await run(policy, failures[name])).sends)
  }
  expect(sends).toEqual(expected)
  for (const policy of [unverifiedPolicy, compareAndSetPolicy]) {
    expect((await run(policy, failures[name])).sends).toBe(expected[2])
  }
})

test('each retry is paid for, and only a retry that was never sent is refunded', async () => {
  const sent = await run(idempotentPolicy, failures['rate limited'])
  expect([sent.budget.spend.mock.calls.length, sent.budget.refund.mock.calls.length]).toEqual([3, 0])
  const unsent = await run(createPolicy, failures.unsent)
  expect([unsent.budget.spend.mock.calls.length, unsent.budget.refund.mock.calls.length]).toEqual([3, 3])
})

test('all but the last attempt of a read or an idempotent change leave time for the next', async () => {
  expect((await run(readPolicy, failures.ambiguous)).leavesTime).toEqual([true, true, true, false])
  expect((await run(idempotentPolicy, failures.ambiguous)).leavesTime).toEqual([true, true, true, false])
  expect((await run(createPolicy, failures.unsent)).leavesTime).toEqual([false, false, false, false])
  expect((await run(compareAndSetPolicy, failures.ambiguous)).leavesTime).toEqual([true])
})

async function outcomeOf(policy: AttemptPolicy, fail: () => CallbellError): Promise<unknown> {
  const { thrown } = await run(policy, fail)
  if (!(thrown instanceof ContactsError)) return thrown
  return [thrown.code, thrown.outcome, thrown.attempts, thrown.retryable]
}

test('a failed change names its outcome and counts the requests that were sent', async () => {
  expect(await outcomeOf(idempotentPolicy, failures.ambiguous)).toEqual([
    'CALLBELL_UNAVAILABLE',
    'UNKNOWN',
    4,
    true,
  ])
  expect(await outcomeOf(unverifiedPolicy, failures.ambiguous)).toEqual([
    'CALLBELL_UNAVAILABLE',
    'UNKNOWN',
    1,
    false,
  ])
  expect(await outcomeOf(idempotentPolicy, failures.unsent)).toEqual([
    'CALLBELL_UNAVAILABLE',
    'NOT_APPLIED',
    0,
    true,
  ])
  expect(await outcomeOf(idempotentPolicy, failures.rejected)).toBeInstanceOf(CallbellError)
})

test('a create reports when its first request was sent, and which failure was ambiguous', async () => {
  const sequence = [failures['rate limited'], failures.ambiguous]
  const thrown: CallbellError[] = []
  const { thrown: error } = await run(createPolicy, () => {
    const next = (sequence[thrown.length] ?? failures.unsent)()
    thrown.push(next)
    return next
  })
  const [first, second] = thrown
  expect(error).toBeInstanceOf(AttemptsFailed)
  expect(error).toMatchObject({
    failed: { last: second, ambiguous: second, attempts: 2, sentAt: first?.sentAt },
  })
  expect(first?.sentAt).not.toEqual(second?.sentAt)
})

test('an idempotent change whose attempts are ambiguous reports the first one’s failure', async () => {
  const codes: CallbellErrorCode[] = ['CALLBELL_TIMEOUT', 'CALLBELL_UNAVAILABLE']
  const fail = (): CallbellError => failure(codes.shift() ?? 'CALLBELL_INVALID_RESPONSE', 'sent')
  expect(await outcomeOf(idempotentPolicy, fail)).toEqual(['CALLBELL_TIMEOUT', 'UNKNOWN', 4, true])
})

/** The pause before the first retry, which jitter does not change here. */
const firstPauseMs = 75

test.each<[string, AttemptPolicy, number]>([
  ['read', readPolicy, 8000],
  ['idempotent change', idempotentPolicy, 8000],
  ['create', createPolicy, 6500],
])(
  'a %s waits for Retry-After and the backoff, if its permit is in time after that',
  async (_name, policy, queueByMs) => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    onTestFinished(() => void vi.restoreAllMocks())
    const sendTimes = async (retryAfterMs: number): Promise<number[]> => {
      const times: number[] = []
      const context = createTestContext()
      const start = performance.now()
      const failing = attempts(policy, context, ({ queueBy, respondBy }) => {
        times.push(performance.now() - start)
        expect([queueBy - start, respondBy > queueBy]).toEqual([queueByMs, true])
        return Promise.reject(failure('CALLBELL_RATE_LIMITED', 'answered', retryAfterMs))
      }).catch((error: unknown) => error)
      await vi.runAllTimersAsync()
      await failing
      return times
    }
    const longestMs = queueByMs - firstPauseMs
    expect(await sendTimes(longestMs - 1)).toEqual([0, queueByMs - 1])
    expect(await sendTimes(longestMs)).toEqual([0])
    // The backoff doubles.
    expect(await sendTimes(0)).toEqual([0, 75, 225, 525])
  },
)
