/** The attempts of one creation: sent again only if nothing was carried out, then verified by lookups. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { evidenceOf, delayAfter } from '../../callbell/failure-evidence.ts'
import type { Moment, WallClock } from '../../domain/moment.ts'
import { momentNow } from '../../domain/moment.ts'
import type { Calibration } from './calibration.ts'
import type { CreateOperation, LookupFinding } from './creation.ts'
import { failedChange } from '../attempts/failure.ts'
import { unlimitedBudget } from '../../rate-limit/retry-budget.ts'
import type { Verification } from './verify-outcome.ts'
import { verifyOutcome } from './verify-outcome.ts'

/** One call that is to make something. */
export interface CreateCall<Made> {
  readonly creation: CreateOperation<Made>
  readonly context: CallContext
}

/** How a creation is attempted. */
export interface Attempting {
  /** Called immediately before the first byte of each attempt. */
  readonly onSent: (at: Moment) => void
  /** Whether no other creation of the same identity may have made what a lookup finds. */
  readonly isSole: () => boolean
  /** An ambiguous attempt of an earlier call with the same key. */
  readonly earlier?: { readonly notBefore: number | null; readonly failure: CallbellError } | undefined
}

export interface CreateAttempts {
  /**
   * @returns what was made for this call, by whichever attempt
   * @throws CallbellError `CALLBELL_REJECTED`, if Callbell refused it and no other attempt may have succeeded
   * @throws ContactsFailure with the outcome
   */
  create<Made>(sending: CreateCall<Made>, attempting: Attempting): Promise<Made>
  /** Looks once, at once, whether what may have been made by an earlier call is there. */
  verify<Made>(verification: Verification<Made>): Promise<LookupFinding<Made>>
  /** Callbell's time at a moment, as `CallbellClock.timeAt` gives it. */
  readonly timeAt: (moment: Moment) => number | null
}

export interface CreateAttemptsParts {
  readonly calibration: Calibration
  readonly timeAt: (moment: Moment) => number | null
  readonly wallClock?: WallClock | undefined
}

/** Requests that were provably not carried out are sent again, up to this many tries. */
const mostTries = 4
/** For how long an ambiguous attempt is looked for, in milliseconds, … */
const verifyWindowMs = 2000
/** … but never for more than this part of the call's time. Some time more is left for the last answer. */
const timeoutShare = 0.4
const lastAnswerGraceMs = 1.25

export function createCreateAttempts({
  calibration,
  timeAt,
  wallClock,
}: CreateAttemptsParts): CreateAttempts {
  return {
    timeAt,
    async create({ creation, context }, { onSent, isSole, earlier }) {
      const { deadline, timeoutMs, budget } = context
      const verifyMs = Math.min(verifyWindowMs, timeoutShare * timeoutMs)
      // What is left after an attempt is for verifying its outcome.
      const respondBy = deadline - lastAnswerGraceMs * verifyMs
      // What gets its permit later would not be answered in time, and be ambiguous for nothing.
      const queueBy = respondBy - timeoutMs / 10
      let sentAt: Moment | undefined
      let attempts = 0
      let isPaidFor = false
      const attempt = {
        context,
        queueBy,
        respondBy,
        onSent() {
          attempts += 1
          sentAt = momentNow(wallClock)
          onSent(sentAt)
        },
      }
      /** The failure of a call none of whose attempts was carried out. */
      const notApplied = (error: CallbellError) =>
        earlier
          ? failedChange(earlier.failure, 'UNKNOWN', attempts)
          : failedChange(error, 'NOT_APPLIED', attempts)

      for (let tries = 1; ; tries += 1) {
        try {
          const made = await creation.send(attempt)
          calibration.created(creation, made)
          return made
        } catch (error) {
          if (!(error instanceof CallbellError)) throw error
          const kind = evidenceOf(error)
          if (kind === 'NOT_SENT' && isPaidFor) budget.refund()
          if (kind === 'AMBIGUOUS') {
            const until = performance.now() + verifyMs
            const sent = sentAt
            const notBefore = (): number | null => {
              if (earlier) return earlier.notBefore
              return sent ? timeAt(sent) : null
            }
            const lookupContext = { ...context, deadline: Math.min(deadline, until + verifyMs / 4) }
            const verification = { creation, context: lookupContext, notBefore, isSole }
            const finding = await verifyOutcome(verification, until, calibration)
            if (typeof finding === 'object') {
              calibration.found(creation)
              return finding.made
            }
            throw failedChange(error, 'UNKNOWN', attempts)
          }
          if (kind === 'DEFINITE_NO') {
            throw error.code === 'CALLBELL_REJECTED' && !earlier ? error : notApplied(error)
          }
          const pause = (error.retryAfterMs ?? 0) + delayAfter(tries, Math.random())
          const isInTime = performance.now() + pause < queueBy
          if (error.code === 'OVERLOADED' || tries >= mostTries || !isInTime || !budget.spend()) {
            throw notApplied(error)
          }
          context.observer.retried(error.code)
          await delay(pause)
          isPaidFor = true
        }
      }
    },
    async verify({ context, ...verification }) {
      // It is paid for: this call sends nothing else before.
      const paid = { ...verification, context: { ...context, budget: unlimitedBudget } }
      const finding = await verifyOutcome(paid, performance.now(), calibration)
      if (typeof finding === 'object') calibration.found(verification.creation)
      return finding
    },
  }
}
