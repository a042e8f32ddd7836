/** Reading from Callbell: what changes nothing is simply asked for again where that may help. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Deadlines } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { delayAfter } from '../../callbell/failure-evidence.ts'
import { failedRead } from './failure.ts'
import type { RetryBudget } from '../../rate-limit/retry-budget.ts'

/**
 * Makes one call of the client, and makes it again where it fails in a way that may pass.
 *
 * @returns what the call returns
 * @throws ContactsFailure
 */
export type Read = <T>(call: (times: Deadlines) => Promise<T>) => Promise<T>

const mostTries = 4

/**
 * @param budget pays for whatever is asked for again
 * @param times until when all tries together may take
 */
export function createRead(budget: RetryBudget, times: Deadlines): Read {
  return async (call) => {
    times.origin.allowance.takeRead()
    budget.earn()
    for (let tries = 1; ; tries += 1) {
      try {
        // A request that hangs leaves time for another.
        return await call({ ...times, isRetried: tries < mostTries })
      } catch (error) {
        if (!(error instanceof CallbellError)) throw error
        // Of this one, nothing was paid for in vain: it never left.
        if (error.progress === 'unsent' && tries > 1) budget.refund()
        const pause = (error.retryAfterMs ?? 0) + delayAfter(tries, Math.random())
        const isInTime = performance.now() + pause < times.queueBy
        const mayRepeat = error.isTransient && tries < mostTries && isInTime
        if (!mayRepeat || !budget.spend()) throw failedRead(error)
        times.origin.observer.retried(error.code)
        await delay(pause)
      }
    }
  }
}
