/** On whose behalf tests call what lies behind HTTP. */
import type { Origin } from '../../src/domain/caller.ts'
import { scopes } from '../../src/domain/caller.ts'
import type { WallClock } from '../../src/domain/moment.ts'
import { momentNow } from '../../src/domain/moment.ts'
import type { CallWatch } from '../../src/watch.ts'

/** Watches nothing. */
export const blindWatch: CallWatch = {
  attempt: () => ({ entered: () => undefined, sent: ignore, answered: ignore, failed: ignore }),
  retried: ignore,
  reconciled: ignore,
  keyed: ignore,
}

export interface TestOrigin extends Origin {
  /** How many requests have left for it. */
  calls(): number
}

function ignore(): void {
  // Nobody looks.
}

/** @param wallClock the clock of the machine. Default: the real one */
export function createTestOrigin(name = 'anyone', wallClock?: WallClock): TestOrigin {
  let calls = 0
  return {
    caller: { name, bucket: name, scopes: new Set(scopes) },
    requestId: 'r1',
    startedAt: momentNow(wallClock),
    watch: {
      ...blindWatch,
      attempt: (...of) => ({ ...blindWatch.attempt(...of), sent: () => void (calls += 1) }),
    },
    allowance: { takeRead: ignore, hold: ignore },
    calls: () => calls,
  }
}
