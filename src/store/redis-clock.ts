/**
 * Redis' clock as one process sees it. Redis has none but its wall clock, which can be set, and a
 * failover may lead to a machine with another one. So its progress is compared with the monotonic clock
 * of this process, and where it went too far, ages count from the moment at which that was noticed.
 */

/** Clocks differ by less than this without having been set. */
const toleranceMs = 1000

/** Times without a unit in their name are milliseconds on the clock of `performance.now()`. */
export class RedisClock {
  /** How far Redis' clock is ahead of ours, at most, in milliseconds: the least of what was seen since it was set. */
  private leadMs = Number.POSITIVE_INFINITY
  /** Since when Redis' clock has run as ours has. Before, nothing is known of it. */
  private steadySince = Number.NEGATIVE_INFINITY

  /**
   * Takes a reply into account.
   *
   * @param timeUs Redis' clock in the reply, in microseconds
   * @param askedAt before it was asked
   * @param answeredAt after it had answered
   * @returns by how many milliseconds Redis' clock was found to have been set forward, at least; 0: it was not
   */
  observe(timeUs: number, askedAt: number, answeredAt: number): number {
    const jumpMs = timeUs / 1000 - answeredAt - this.leadMs
    if (jumpMs > toleranceMs || this.steadySince === Number.NEGATIVE_INFINITY) {
      this.reset(timeUs, askedAt, answeredAt)
      return Math.max(0, jumpMs)
    }
    this.leadMs = Math.min(this.leadMs, timeUs / 1000 - askedAt)
    return 0
  }

  /** Takes a reply to show that Redis' clock was set, though by less than `observe` can notice. */
  reset(timeUs: number, askedAt: number, answeredAt: number): void {
    this.leadMs = timeUs / 1000 - askedAt
    this.steadySince = answeredAt
  }

  /**
   * @param ageMs by Redis' clock
   * @returns the age, as far as it is known to be true
   */
  trusted(ageMs: number, answeredAt: number): number {
    return Math.max(0, Math.min(ageMs, answeredAt - this.steadySince))
  }

  /** @returns what Redis' clock shows at that time at the latest, in microseconds; infinite before the first reply */
  latestAt(time: number): number {
    return Math.round((time + this.leadMs) * 1000)
  }
}
