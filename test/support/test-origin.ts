/** On whose behalf tests call what lies behind HTTP. */
import type { Origin } from '../../src/domain/caller.ts'
import { scopes } from '../../src/domain/caller.ts'
import type { WallClock } from '../../src/domain/moment.ts'
import { momentNow } from '../../src/domain/moment.ts'
import type { CallObserver } from '../../src/domain/call-observer.ts'

/** Does nothing. */
export const noopObserver: CallObserver = {
  attempt: () => ({ acquired: () => undefined, sent: ignore, answered: ignore, failed: ignore }),
  retried: ignore,
  verified: ignore,
  keyUsed: ignore,
}

export interface TestOrigin extends Origin {
  /** How many requests have left for it. */
  calls(): number
}

function ignore(): void {
  // Nothing is observed.
}

/** @param wallClock the clock of the machine. Default: the real one */
export function createTestOrigin(name = 'anyone', wallClock?: WallClock): TestOrigin {
  let calls = 0
  return {
    caller: { name, bucket: name, scopes: new Set(scopes) },
    requestId: 'r1',
    startedAt: momentNow(wallClock),
    observer: {
      ...noopObserver,
      attempt: (...of) => ({ ...noopObserver.attempt(...of), sent: () => void (calls += 1) }),
    },
    allowance: { takeRead: ignore, hold: ignore },
    calls: () => calls,
  }
}
