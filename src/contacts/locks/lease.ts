/** The leases of locks and claims in the store. A process that died holds them no longer than that. */

/** The time that a process may need after a call's deadline to store its outcome and to release its lock, in milliseconds. */
const graceMs = 2000

/**
 * @param deadline of the call, on the clock of `performance.now()`
 * @returns how long its lease lasts from now on, in whole milliseconds
 */
export function leaseMsUntil(deadline: number): number {
  return Math.max(0, Math.ceil(deadline - performance.now())) + graceMs
}
