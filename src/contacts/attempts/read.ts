/** Reading from Callbell: what changes nothing is simply asked for again where that may help. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt } from '../../callbell/client.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { delayAfter } from '../../callbell/failure-evidence.ts'
import { failedRead } from './failure.ts'

const mostTries = 4

/**
 * Makes one call of the client, and retries it where it fails in a way that may pass.
 *
 * @returns what the call returns
 * @throws ContactsFailure
 */
export async function read<T>(context: CallContext, call: (attempt: Attempt) => Promise<T>): Promise<T> {
  const { deadline, timeoutMs, budget } = context
  // A read that gets its permit too late would not be answered in time.
  const queueBy = deadline - timeoutMs / 5
  context.allowance.takeRead()
  budget.earn()
  for (let tries = 1; ; tries += 1) {
    try {
      // A request that hangs leaves time for another.
      return await call({ context, queueBy, respondBy: deadline, isRetried: tries < mostTries })
    } catch (error) {
      if (!(error instanceof CallbellError)) throw error
      // Of this one, nothing was paid for in vain: it never left.
      if (error.progress === 'unsent' && tries > 1) budget.refund()
      const pause = (error.retryAfterMs ?? 0) + delayAfter(tries, Math.random())
      const isInTime = performance.now() + pause < queueBy
      const mayRepeat = error.isTransient && tries < mostTries && isInTime
      if (!mayRepeat || !budget.spend()) throw failedRead(error)
      context.observer.retried(error.code)
      await delay(pause)
    }
  }
}
