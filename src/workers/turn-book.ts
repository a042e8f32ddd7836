/** The permits that workers share, counted by the one process that all of them ask. No clock of its own. */
import type { PermitReply, PermitRequest } from '../store/store.ts'

/** For how long a worker that has not asked is counted: what it has sent lately counts, too. */
const rememberMs = 60_000

interface Asked {
  readonly askedAt: number
  readonly uncounted: number
}

/** All times are milliseconds on one clock that never goes back. */
export class TurnBook {
  /** Until when each permit counts. */
  private permits: number[] = []
  private readonly workers = new Map<number, Asked>()

  /**
   * Grants permits, as `Store.takeTurns` does. It never loses what it knows; and it reserves nothing for a
   * worker that does not ask, since none is cut off from a process of the same machine that answers others.
   */
  take(worker: number, { wanted, limit, lifetimeMs, uncounted }: PermitRequest, now: number): PermitReply {
    this.permits = this.permits.filter((until) => until > now)
    this.workers.set(worker, { askedAt: now, uncounted })
    let counted = this.permits.length
    for (const [other, { askedAt, uncounted: more }] of this.workers) {
      if (askedAt <= now - rememberMs) this.workers.delete(other)
      else counted += more
    }
    const first = Math.min(...this.permits)
    const granted = Math.max(0, Math.min(wanted, limit - counted))
    for (let permit = 0; permit < granted; permit += 1) this.permits.push(now + lifetimeMs)
    const waitMs = Number.isFinite(first) ? first - now : granted > 0 ? lifetimeMs : 100
    return { granted, waitMs, replicas: this.workers.size, now, isQuiet: false }
  }
}
