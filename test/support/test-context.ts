/** The context of calls that tests make without HTTP. */
import type { CallContext } from '../../src/domain/call-context.ts'
import { scopes } from '../../src/domain/caller.ts'
import type { WallClock } from '../../src/domain/moment.ts'
import { momentNow } from '../../src/domain/moment.ts'
import type { CallObserver } from '../../src/domain/call-observer.ts'
import { unlimitedBudget } from '../../src/rate-limit/retry-budget.ts'

/** Does nothing. */
export const noopObserver: CallObserver = {
  attempt: () => ({ acquired: () => undefined, sent: ignore, answered: ignore, failed: ignore }),
  retried: ignore,
  verified: ignore,
  keyUsed: ignore,
}

export interface TestContext extends CallContext {
  /** @returns how many requests were sent for it */
  calls(): number
}

function ignore(): void {
  // Nothing is observed.
}

/** @param wallClock the clock of the machine. Default: the real one */
export function createTestContext(name = 'anyone', wallClock?: WallClock): TestContext {
  let calls = 0
  const timeoutMs = 10_000
  return {
    caller: { name, bucket: name, scopes: new Set(scopes) },
    requestId: 'r1',
    startedAt: momentNow(wallClock),
    observer: {
      ...noopObserver,
      attempt: (...of) => ({ ...noopObserver.attempt(...of), sent: () => void (calls += 1) }),
    },
    allowance: { takeRead: ignore, hold: ignore },
    deadline: performance.now() + timeoutMs,
    timeoutMs,
    budget: unlimitedBudget,
    calls: () => calls,
  }
}
