/** The turns that workers share, written down by the one process that all of them ask. No clock of its own. */

/** For how long a worker that has not asked is counted: what it has sent lately counts, too. */
const rememberMs = 60_000

/** All times are milliseconds on one clock that never goes back. */
export class TurnBook {
  /** When each turn was taken, oldest first. */
  private readonly taken: number[] = []
  /** When each worker asked last. */
  private readonly askedAt = new Map<number, number>()

  /** Takes turns, as `Store.takeTurns` does. */
  take(worker: number, wanted: number, maxRps: number, windowMs: number, now: number) {
    const { taken, askedAt } = this
    while (taken[0] !== undefined && taken[0] <= now - windowMs) taken.shift()
    const [oldest = now] = taken
    const granted = Math.max(0, Math.min(wanted, maxRps - taken.length))
    for (let turn = 0; turn < granted; turn += 1) taken.push(now)
    askedAt.set(worker, now)
    for (const [other, at] of askedAt) if (at <= now - rememberMs) askedAt.delete(other)
    return { granted, waitMs: oldest + windowMs - now, replicas: askedAt.size }
  }
}
