/** Verifies the outcome of an ambiguous attempt by lookups of what it may have created. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { VerificationResult } from '../../domain/call-observer.ts'
import type { Calibration } from './calibration.ts'
import type { CallOnce, CreateOperation, LookupFinding, NotBefore } from './creation.ts'

/** What is looked up. */
export interface Verification<Made> {
  readonly creation: CreateOperation<Made>
  /** Its deadline is when the last lookup must have been answered, and its budget pays for the lookups. */
  readonly context: CallContext
  /** Callbell's time when the first attempt was sent, or earlier, as for `CreateOperation.lookUp`. */
  readonly notBefore: NotBefore
  /** Whether no other creation of the same identity may have created what a lookup finds. */
  readonly isAttributable: () => boolean
}

/** A lookup may lag behind the write: it is repeated, and each wait is three times as long as the previous one. */
const firstWaitMs = 250

/**
 * Repeats the lookup until it finds something or the time is over.
 *
 * @param until when the last lookup is due, on the clock of `performance.now()`. A moment in the past: one
 *   lookup, at once
 * @returns `ABSENT` only if the last lookup does not find it, and the calibration proves that such lookups
 *   find what is there
 */
export async function verifyOutcome<Made>(
  verification: Verification<Made>,
  until: number,
  calibration: Calibration,
): Promise<LookupFinding<Made>> {
  const result = await lookUpUntil(verification, until)
  const { creation, context } = verification
  const proved = result === 'ABSENT' && !calibration.proves(creation) ? 'INCONCLUSIVE' : result
  context.observer.verified(resultOf(proved))
  return proved
}

function resultOf(result: LookupFinding<unknown>): VerificationResult {
  if (result === 'ABSENT') return 'absent'
  return result === 'INCONCLUSIVE' ? 'inconclusive' : 'found'
}

async function lookUpUntil<Made>(
  { creation, context, notBefore, isAttributable }: Verification<Made>,
  until: number,
): Promise<LookupFinding<Made>> {
  if (!creation.canBeLookedUp) return 'INCONCLUSIVE'
  const callOnce = createCallOnce(context)
  for (let wait = firstWaitMs; ; wait *= 3) {
    const now = performance.now()
    const isLast = now + wait >= until
    const pause = isLast ? Math.max(0, until - now) : wait
    if (now + pause >= context.deadline) return 'INCONCLUSIVE'
    if (pause > 0) await delay(pause)
    const result = await lookUpOnce(creation, notBefore, callOnce)
    if (typeof result === 'object') return isAttributable() ? result : 'INCONCLUSIVE'
    // A failed lookup proves nothing, and another contact that is found may hide it for a moment.
    if (isLast) return result
  }
}

async function lookUpOnce<Made>(
  creation: CreateOperation<Made>,
  notBefore: NotBefore,
  callOnce: CallOnce,
): Promise<LookupFinding<Made>> {
  try {
    return await creation.lookUp(notBefore, callOnce)
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    return 'INCONCLUSIVE'
  }
}

/** @param context its deadline bounds each request, and its budget pays for each */
export function createCallOnce(context: CallContext): CallOnce {
  const { budget, deadline } = context
  return async (call) => {
    if (!budget.spend()) {
      throw new CallbellError('OVERLOADED', 'the retry budget is spent', { progress: 'unsent' })
    }
    try {
      return await call({ context, queueBy: deadline, respondBy: deadline })
    } catch (error) {
      if (error instanceof CallbellError && error.progress === 'unsent') budget.refund()
      throw error
    }
  }
}
