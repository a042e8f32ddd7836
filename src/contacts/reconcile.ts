/** Finding out what became of a creation that nobody can tell: by looking whether what it makes is there. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Origin } from '../caller.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { LookResult } from '../watch.ts'
import type { Creation, Finding } from './creation.ts'
import type { RetryBudget } from './retry-budget.ts'

export interface LookingFor<Made> {
  readonly creation: Creation<Made>
  readonly origin: Origin
  /** When the first attempt that may have made it left, in milliseconds since the epoch on our clock. */
  readonly began: number
}

/** The lookup may lag behind the write: it is repeated, each wait twice as long as the one before. */
const firstWaitMs = 200

/**
 * Looks until it is found, something else is, or the time is up.
 *
 * @param until when the last look is due, on the clock of `performance.now()`
 * @param deadline when the last look must have been answered, on the same clock
 */
export async function reconcile<Made>(
  budget: RetryBudget,
  sought: LookingFor<Made>,
  until: number,
  deadline: number,
): Promise<Finding<Made>> {
  const finding = await lookUntil(budget, sought, until, deadline)
  sought.origin.watch.reconciled(resultOf(finding))
  return finding
}

function resultOf(finding: Finding<unknown>): LookResult {
  if (finding === 'NOTHING') return 'nothing'
  return finding === 'UNCLEAR' ? 'unclear' : 'found'
}

async function lookUntil<Made>(
  budget: RetryBudget,
  sought: LookingFor<Made>,
  until: number,
  deadline: number,
): Promise<Finding<Made>> {
  if (!sought.creation.canBeLookedUp) return 'UNCLEAR'
  for (let wait = firstWaitMs; ; wait *= 2) {
    const now = performance.now()
    const isLast = now + wait >= until
    const pause = isLast ? Math.max(0, until - now) : wait
    // Cut short, the wait proves nothing: Callbell may still be at it.
    if (now + pause >= deadline) return 'UNCLEAR'
    await delay(pause)
    if (!budget.spend()) return 'UNCLEAR'
    const seen = await look(budget, sought, deadline)
    // A look that failed says nothing, and the next one may do better.
    if (isLast) return seen === 'FAILED' ? 'UNCLEAR' : seen
    if (seen !== 'FAILED' && seen !== 'NOTHING') return seen
  }
}

async function look<Made>(
  budget: RetryBudget,
  { creation, origin, began }: LookingFor<Made>,
  deadline: number,
): Promise<Finding<Made> | 'FAILED'> {
  try {
    return await creation.look(began, { origin, enterBy: deadline, answerBy: deadline })
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    if (error.progress === 'unsent') budget.refund()
    return 'FAILED'
  }
}
