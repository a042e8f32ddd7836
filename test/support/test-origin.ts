/** On whose behalf tests call what lies behind HTTP. */
import type { Origin } from '../../src/caller.ts'
import { scopes } from '../../src/caller.ts'

export interface TestOrigin extends Origin {
  /** How many requests have left for it. */
  calls(): number
}

function ignore(): void {
  // Nobody looks.
}

export function createTestOrigin(name = 'anyone'): TestOrigin {
  let calls = 0
  return {
    caller: { name, bucket: name, scopes: new Set(scopes) },
    requestId: 'r1',
    watch: {
      attempt: () => ({
        entered: () => undefined,
        sent: () => void (calls += 1),
        answered: ignore,
        failed: ignore,
      }),
      retried: ignore,
      reconciled: ignore,
      keyed: ignore,
    },
    allowance: { takeRead: ignore, hold: ignore },
    calls: () => calls,
  }
}
