/** The one loop that sends requests to Callbell again. A policy states after which failures. */
import type { Attempt } from '../../callbell/client.ts'
import { delayAfter, evidenceOf } from '../../callbell/failure-evidence.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Moment } from '../../domain/moment.ts'
import type { AttemptPolicy } from './policies.ts'
import { readPolicy } from './policies.ts'

const maxTries = 4

/**
 * Sends a request until it succeeds, the policy allows no further attempt, or the call's time, tries or
 * budget are used up.
 *
 * @param send sends the request once. `mayBeApplied`: whether an earlier attempt may have been carried out
 * @returns the result of the first success
 * @throws `errorOf` of the policy after the last CallbellError, and any other error at once
 */
export async function attempts<T>(
  policy: AttemptPolicy,
  context: CallContext,
  send: (attempt: Attempt, mayBeApplied: boolean) => Promise<T>,
): Promise<T> {
  const { queueBy, respondBy } = policy.deadlines(context)
  const { budget, observer } = context
  let ambiguous: CallbellError | undefined
  let attemptCount = 0
  let sentAt: Moment | undefined
  for (let tries = 1; ; tries += 1) {
    const reservesTime = policy.reservesTime(tries === maxTries)
    try {
      return await send({ context, queueBy, respondBy, reservesTime }, ambiguous !== undefined)
    } catch (error) {
      if (!(error instanceof CallbellError)) throw error
      const evidence = evidenceOf(error)
      if (error.sentAt !== undefined) attemptCount += 1
      sentAt ??= error.sentAt
      // The token paid for a request that was never sent.
      if (evidence === 'NOT_SENT' && tries > 1) budget.refund()
      if (evidence === 'AMBIGUOUS') ambiguous ??= error
      const pauseMs = (error.retryAfterMs ?? 0) + delayAfter(tries, Math.random())
      const mayRetry =
        policy.mayRetry(error, evidence) &&
        tries < maxTries &&
        performance.now() + pauseMs < queueBy &&
        budget.spend()
      if (!mayRetry) {
        throw policy.errorOf({ last: error, ambiguous, attempts: attemptCount, sentAt })
      }
      observer.retried(error.code)
      // The global timer, which fake clocks replace.
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}

/**
 * Reads with the policy of reads. The read counts in the allowance of its request and earns for the budget.
 *
 * @throws ContactsError
 */
export async function attemptRead<T>(
  context: CallContext,
  send: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  context.allowance.takeRead()
  context.budget.earn()
  return attempts(readPolicy, context, send)
}
