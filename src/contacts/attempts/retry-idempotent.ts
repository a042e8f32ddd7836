/** Changes that are retried where that can do no harm, until their outcome is known. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from '../../domain/call-context.ts'
import type { Attempt } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { evidenceOf, delayAfter } from '../../callbell/failure-evidence.ts'
import { failedChange, failedRepeatable } from './failure.ts'

const mostTries = 4

export interface RepeatOptions {
  /**
   * Whether the change may be carried out twice. If not, it is sent again only where it was surely not
   * carried out: it was not sent, or answered 429. Default: true.
   */
  readonly isIdempotent?: boolean
  /** Whether the outcome of an ambiguous attempt is verified, which needs time, too. Default: false. */
  readonly isVerified?: boolean
}

/**
 * @param change sends one request; it is given whether an earlier one may have been carried out
 * @returns what the first success gave
 * @throws CallbellError `CALLBELL_REJECTED`, if Callbell refused it and no other attempt may have succeeded
 * @throws ContactsFailure with the outcome
 */
export async function retryIdempotent<T>(
  context: CallContext,
  change: (attempt: Attempt, mayBeDone: boolean) => Promise<T>,
  { isIdempotent = true, isVerified = false }: RepeatOptions = {},
): Promise<T> {
  const { deadline, budget } = context
  // What leaves later would hardly be answered in time, and be ambiguous for nothing.
  const queueBy = deadline - (deadline - performance.now()) / 5
  const failed = isIdempotent ? failedRepeatable : failedChange
  /** The first attempt that may have been carried out. */
  let ambiguousFailure: CallbellError | undefined
  let hasBudget = false
  let attempts = 0
  const onSent = (): void => void (attempts += 1)
  for (let tries = 1; ; tries += 1) {
    // A request that hangs leaves time for another, if one may follow.
    const isRetried = isVerified || (isIdempotent && tries < mostTries)
    try {
      return await change(
        { context, queueBy, respondBy: deadline, isRetried, onSent },
        ambiguousFailure !== undefined,
      )
    } catch (error) {
      if (!(error instanceof CallbellError)) throw error
      const kind = evidenceOf(error)
      if (kind === 'NOT_SENT' && hasBudget) budget.refund()
      if (kind === 'DEFINITE_NO' && error.code === 'CALLBELL_REJECTED' && ambiguousFailure === undefined)
        throw error
      if (kind === 'AMBIGUOUS') ambiguousFailure ??= error
      const pause = (error.retryAfterMs ?? 0) + delayAfter(tries, Math.random())
      const mayRepeat =
        kind !== 'DEFINITE_NO' &&
        (kind !== 'AMBIGUOUS' || isIdempotent) &&
        error.code !== 'OVERLOADED' &&
        tries < mostTries &&
        performance.now() + pause < queueBy &&
        budget.spend()
      if (!mayRepeat) {
        throw ambiguousFailure === undefined
          ? failed(error, 'NOT_APPLIED', attempts)
          : failed(ambiguousFailure, 'UNKNOWN', attempts)
      }
      hasBudget = true
      context.observer.retried(error.code)
      await delay(pause)
    }
  }
}
