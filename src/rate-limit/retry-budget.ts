/**
 * What retries and lookups may cost: a bucket of tokens that each create and each read fills by a
 * little. It keeps an outage from being multiplied: in the long run, at most 1.1 requests for each.
 * Each caller has its own: one whose calls make Callbell fail uses up no retry of another.
 */
import type { RetryBudget } from '../domain/call-context.ts'

const capacity = 100
/** A tenth of a token each, counted in tenths so that it stays exact. */
const tenthsEarned = 1

/** For requests that repeat nothing. */
export const unlimitedBudget: RetryBudget = {
  earn: () => undefined,
  spend: () => true,
  refund: () => undefined,
  tokens: () => capacity,
}

/** The budgets of all callers. */
export interface RetryBudgets {
  /** @param bucket of the caller */
  of(bucket: string): RetryBudget
  /** What is left of the smallest, of 100. */
  tokens(): number
}

/** The oldest one is forgotten, and would start anew. */
const mostBudgets = 1000

export function createRetryBudgets(): RetryBudgets {
  const budgets = new Map<string, RetryBudget>()
  return {
    of(bucket) {
      const known = budgets.get(bucket)
      if (known) return known
      for (const oldest of budgets.keys()) {
        if (budgets.size >= mostBudgets) budgets.delete(oldest)
        break
      }
      const added = createRetryBudget()
      budgets.set(bucket, added)
      return added
    },
    tokens: () => Math.min(capacity, ...[...budgets.values()].map((budget) => budget.tokens())),
  }
}

function createRetryBudget(): RetryBudget {
  let tenths = capacity * 10
  return {
    earn() {
      tenths = Math.min(capacity * 10, tenths + tenthsEarned)
    },
    spend() {
      if (tenths < 10) return false
      tenths -= 10
      return true
    },
    refund() {
      tenths = Math.min(capacity * 10, tenths + 10)
    },
    tokens: () => tenths / 10,
  }
}
