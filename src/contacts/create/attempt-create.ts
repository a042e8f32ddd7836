/** The attempts of one create. The outcome of an ambiguous attempt is verified by lookups. */
import type { CallContext } from '../../domain/call-context.ts'
import type { CallbellError } from '../../domain/callbell-error.ts'
import type { Moment } from '../../domain/moment.ts'
import { unlimitedBudget } from '../../rate-limit/retry-budget.ts'
import { attempts } from '../attempts/attempts.ts'
import { failedChange } from '../attempts/failure.ts'
import { AttemptsFailed, createPolicy, lastLookupRatio, verificationMs } from '../attempts/policies.ts'
import type { Calibration } from './calibration.ts'
import type { CreateOperation, LookupFinding, NotBefore } from './creation.ts'
import type { Verification } from './verify-outcome.ts'
import { verifyOutcome } from './verify-outcome.ts'

/** One call that creates something. */
export interface CreateCall<Made> {
  readonly creation: CreateOperation<Made>
  readonly context: CallContext
}

/** The other attempts that may have created the same. */
export interface OtherAttempts {
  /** Whether no other creation of the same identity may have created what a lookup finds. */
  readonly isAttributable: () => boolean
  /** An ambiguous attempt of an earlier call with the same key. */
  readonly earlier?: { readonly notBefore: number | null; readonly failure: CallbellError } | undefined
}

export interface CreateAttempts {
  /**
   * @returns what any attempt of this call created
   * @throws CallbellError `CALLBELL_REJECTED`, if Callbell refused it and no other attempt may have succeeded
   * @throws ContactsError with the outcome
   */
  create<Made>(call: CreateCall<Made>, others: OtherAttempts): Promise<Made>
  /** Looks up once, at once, what an earlier call may have created. */
  verify<Made>(verification: Verification<Made>): Promise<LookupFinding<Made>>
  /** Callbell's time at a moment, as `CallbellClock.timeAt` returns it. */
  readonly timeAt: (moment: Moment) => number | null
}

export interface CreateAttemptsParts {
  readonly calibration: Calibration
  readonly timeAt: (moment: Moment) => number | null
}

export function createCreateAttempts({ calibration, timeAt }: CreateAttemptsParts): CreateAttempts {
  /** Verifies the outcome of an ambiguous attempt, for as long as `createPolicy` leaves time for it. */
  async function verifyAttempt<Made>(
    { creation, context }: CreateCall<Made>,
    isAttributable: () => boolean,
    notBefore: NotBefore,
  ): Promise<LookupFinding<Made>> {
    const verifyMs = verificationMs(context)
    const until = performance.now() + verifyMs
    const deadline = Math.min(context.deadline, until + lastLookupRatio * verifyMs)
    const verification = { creation, context: { ...context, deadline }, notBefore, isAttributable }
    return findAndCalibrate(verification, until)
  }

  /** A lookup that finds what was created proves that lookups work. */
  async function findAndCalibrate<Made>(
    verification: Verification<Made>,
    until: number,
  ): Promise<LookupFinding<Made>> {
    const finding = await verifyOutcome(verification, until, calibration)
    if (typeof finding === 'object') calibration.found(verification.creation)
    return finding
  }

  return {
    timeAt,
    async create(call, { isAttributable, earlier }) {
      const { creation, context } = call
      try {
        const made = await attempts(createPolicy, context, (attempt) => creation.send(attempt))
        calibration.created(creation, made)
        return made
      } catch (error) {
        if (!(error instanceof AttemptsFailed)) throw error
        const { failed } = error
        const { last, ambiguous } = failed
        if (ambiguous !== undefined) {
          const notBefore = (): number | null => {
            if (earlier) return earlier.notBefore
            return ambiguous.sentAt ? timeAt(ambiguous.sentAt) : null
          }
          const finding = await verifyAttempt(call, isAttributable, notBefore)
          if (typeof finding === 'object') return finding.made
          throw failedChange(ambiguous, 'UNKNOWN', failed)
        }
        if (earlier) throw failedChange(earlier.failure, 'UNKNOWN', failed)
        throw last.code === 'CALLBELL_REJECTED' ? last : failedChange(last, 'NOT_APPLIED', failed)
      }
    },
    async verify({ context, ...verification }) {
      // The caller has paid for it: this call sends nothing else before.
      const paid = { ...verification, context: { ...context, budget: unlimitedBudget } }
      return findAndCalibrate(paid, performance.now())
    },
  }
}
