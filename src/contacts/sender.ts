/** Making something once: sent again where that is safe, until its outcome is known or honestly unknown. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Origin } from '../caller.ts'
import { CallbellError } from '../callbell/errors.ts'
import { classOf, delayAfter } from '../callbell/retry.ts'
import type { Creation, Finding } from './creation.ts'
import { failedChange } from './failure.ts'
import type { LookingFor } from './reconcile.ts'
import { reconcile } from './reconcile.ts'
import type { RetryBudgets } from './retry-budget.ts'
import { paidFor } from './retry-budget.ts'

export interface SendOptions {
  /** Milliseconds for queue, attempts and looking together. */
  readonly timeoutMs: number
  /** Milliseconds after which a Callbell that was cut off is taken to be done, or to have given up. */
  readonly settleMs: number
}

/** One call that is to make something. */
export interface Sending<Made> {
  readonly creation: Creation<Made>
  readonly origin: Origin
  /** When the caller must be answered, on the clock of `performance.now()`. */
  readonly deadline: number
  /** Told when an attempt leaves, in milliseconds since the epoch. */
  readonly onSent?: (at: number) => void
  /** An attempt of an earlier call of which nobody can tell. */
  readonly earlier?: { readonly began: number; readonly failure: CallbellError }
}

export interface Sender {
  /**
   * @returns what is there for this call, whichever attempt made it
   * @throws CallbellError `CALLBELL_REJECTED`, if Callbell refused it and no other attempt may have succeeded
   * @throws ContactsFailure with the outcome
   */
  send<Made>(sending: Sending<Made>): Promise<Made>
  /** Looks whether what may have been made earlier is there. */
  look<Made>(sought: LookingFor<Made>, deadline: number): Promise<Finding<Made>>
}

/** Requests that provably did nothing are repeated up to so many tries. */
const mostTries = 4

export function createSender(budgets: RetryBudgets, { timeoutMs, settleMs }: SendOptions): Sender {
  /** How long a finished write may take to be seen by a lookup. */
  const lagMs = settleMs / 4

  async function send<Made>(sending: Sending<Made>): Promise<Made> {
    const { creation, origin, deadline, onSent, earlier } = sending
    const budget = budgets.of(origin.caller.bucket)
    // What is left after an attempt is for looking what became of it.
    const answerBy = deadline - timeoutMs / 5
    // What gets its turn later than this would not be answered in time, and be unclear for nothing.
    const enterBy = answerBy - timeoutMs / 10
    /** The first attempt of which nobody can tell: it outweighs whatever the next one meets. */
    let unclear = earlier?.failure
    /** When that one left. */
    let began = earlier?.began
    let sentAt = Date.now()
    let isPaidFor = false
    const times = {
      origin,
      enterBy,
      answerBy,
      onSent() {
        sentAt = Date.now()
        onSent?.(sentAt)
      },
    }

    for (let attempts = 1; ; attempts += 1) {
      try {
        return await creation.attempt(times)
      } catch (error) {
        if (!(error instanceof CallbellError)) throw error
        const kind = classOf(error)
        if (kind === 'NOT_SENT' && isPaidFor) budget.refund()
        isPaidFor = false
        const failed = () =>
          unclear === undefined
            ? failedChange(error, 'NOT_APPLIED', attempts)
            : failedChange(unclear, 'UNKNOWN', attempts)

        if (kind === 'HAPPENED') throw failedChange(error, 'APPLIED', attempts)
        if (kind === 'DEFINITE_NO') {
          throw error.code === 'CALLBELL_REJECTED' && unclear === undefined ? error : failed()
        }
        if (kind === 'NOT_SENT' || kind === 'REFUSED') {
          const pause = (error.retryAfterMs ?? 0) + delayAfter(attempts, Math.random())
          const isInTime = performance.now() + pause < enterBy
          if (error.code === 'OVERLOADED' || attempts >= mostTries || !isInTime || !budget.spend())
            throw failed()
          origin.watch.retried(error.code)
          await delay(pause)
          isPaidFor = true
          continue
        }

        const isFirst = unclear === undefined
        unclear ??= error
        began ??= sentAt
        const now = performance.now()
        const until = {
          // It is over: looking has to bear with a lookup that lags, and with nothing else.
          FAILED: now + lagMs,
          NOT_UNDERSTOOD: now + lagMs,
          CUT_OFF: now + settleMs,
          // As long, but never sent again.
          TIMED_OUT: now + settleMs,
          NO_ANSWER: deadline - lagMs,
        }[kind]
        const finding = await reconcile(budget, { creation, origin, began }, until, deadline)
        if (typeof finding === 'object') return finding.made
        const mayRepeat = finding === 'NOTHING' && isFirst && (kind === 'FAILED' || kind === 'CUT_OFF')
        if (!mayRepeat || performance.now() >= enterBy || !budget.spend()) throw failed()
        origin.watch.retried(error.code)
      }
    }
  }

  return {
    send,
    // What a call looks for before it has sent anything is paid for, as its one request would be.
    look: (sought, deadline) => reconcile(paidFor, sought, performance.now() + lagMs, deadline),
  }
}
