/** Changes that come to the same however often they are made: made again until they are known to be made. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Origin } from '../caller.ts'
import type { Times } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import { classOf, delayAfter } from '../callbell/retry.ts'
import { failedRepeatable } from './failure.ts'
import type { RetryBudget } from './retry-budget.ts'

/** One field's call. */
export interface Repeating {
  readonly origin: Origin
  /** When the caller must be answered, on the clock of `performance.now()`. */
  readonly deadline: number
  readonly budget: RetryBudget
}

const mostTries = 4

/**
 * @param change sends one request; told whether an earlier one may have been carried out
 * @returns what the first success gave
 * @throws CallbellError `CALLBELL_REJECTED`, if Callbell refused it and no other attempt may have succeeded
 * @throws ContactsFailure with the outcome
 */
export async function repeat<T>(
  { origin, deadline, budget }: Repeating,
  change: (times: Times, mayBeDone: boolean) => Promise<T>,
): Promise<T> {
  /** The first attempt of which nobody can tell. */
  let unclear: CallbellError | undefined
  let isPaidFor = false
  for (let attempts = 1; ; attempts += 1) {
    // Half of what is left: a request that hangs leaves time for another.
    const now = performance.now()
    const answerBy = attempts === mostTries ? deadline : now + (deadline - now) / 2
    try {
      return await change({ origin, enterBy: answerBy, answerBy }, unclear !== undefined)
    } catch (error) {
      if (!(error instanceof CallbellError)) throw error
      const kind = classOf(error)
      if (kind === 'NOT_SENT' && isPaidFor) budget.refund()
      if (kind === 'HAPPENED') throw failedRepeatable(error, 'APPLIED', attempts)
      if (kind === 'DEFINITE_NO' && error.code === 'CALLBELL_REJECTED' && unclear === undefined) throw error
      const didNothing = kind === 'NOT_SENT' || kind === 'REFUSED' || kind === 'DEFINITE_NO'
      if (!didNothing) unclear ??= error
      const pause = (error.retryAfterMs ?? 0) + delayAfter(attempts, Math.random())
      const mayRepeat =
        kind !== 'DEFINITE_NO' &&
        kind !== 'NOT_UNDERSTOOD' &&
        error.code !== 'OVERLOADED' &&
        attempts < mostTries &&
        performance.now() + pause < deadline &&
        budget.spend()
      if (!mayRepeat) {
        throw unclear === undefined
          ? failedRepeatable(error, 'NOT_APPLIED', attempts)
          : failedRepeatable(unclear, 'UNKNOWN', attempts)
      }
      isPaidFor = true
      origin.watch.retried(error.code)
      await delay(pause)
    }
  }
}
