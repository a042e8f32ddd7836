import type { PermitRequest } from '../../src/store/shared-limits.ts'

/** A request of a replica to a store for permits. */
export function permitRequest(changes: Partial<PermitRequest> = {}): PermitRequest {
  return {
    wanted: 0,
    limit: 5,
    lifetimeMs: 1160,
    uncounted: 0,
    share: 0,
    confirmedAt: 0,
    degradedAfterMs: 2000,
    hasClockJumped: false,
    ...changes,
  }
}
