/**
 * The budget of retries and lookups: a bucket of tokens to which each create and each read adds a tenth. It
 * keeps retries from multiplying an outage: in the long run, each call makes at most 1.1 requests. Each caller
 * has its own budget, so that a caller with failing calls uses no retries of another one.
 */
import type { RetryBudget } from '../domain/call-context.ts'

const capacity = 100
/** Each call earns a tenth of a token. Tokens are counted in tenths, so that the count stays exact. */
const tenthsEarned = 1

/** For requests that are not retries. */
export const unlimitedBudget: RetryBudget = {
  earn: () => undefined,
  spend: () => true,
  refund: () => undefined,
  tokens: () => capacity,
}

/** The budgets of all callers. */
export interface RetryBudgets {
  /** @param bucket the caller's */
  of(bucket: string): RetryBudget
  /** Tokens that are left in the smallest budget, of 100. */
  tokens(): number
}

/** Beyond this number the oldest budget is removed; its caller starts with a full one. */
const maxBudgets = 1000

export function createRetryBudgets(): RetryBudgets {
  const budgets = new Map<string, RetryBudget>()
  return {
    of(bucket) {
      const existing = budgets.get(bucket)
      if (existing) return existing
      for (const oldest of budgets.keys()) {
        if (budgets.size >= maxBudgets) budgets.delete(oldest)
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
