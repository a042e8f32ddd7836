/**
 * Redis's clock as one process sees it. Redis has only its wall clock, which can be set, and a failover may
 * lead to a machine with another one. So its progress is compared with this process's monotonic clock. Where
 * it went too far, ages count from the moment when that was noticed.
 */

/** Clocks can differ by less than this without having been set. */
const toleranceMs = 1000

/** Times without a unit in their name are milliseconds on the clock of `performance.now()`. */
export class RedisClock {
  /** How far Redis's clock is ahead of ours, at most, in milliseconds: the least seen since it was set. */
  private leadMs = Number.POSITIVE_INFINITY
  /** Since when Redis's clock has run like ours. Nothing is known of it before. */
  private steadySince = Number.NEGATIVE_INFINITY

  /**
   * Takes a reply into account.
   *
   * @param timeUs Redis's clock in the reply, in microseconds
   * @param sentAt when the command was sent, or earlier
   * @param receivedAt when the reply was received, or later
   * @returns by how many milliseconds Redis's clock was set forward, at least; 0: it was not set forward
   */
  observe(timeUs: number, sentAt: number, receivedAt: number): number {
    const jumpMs = timeUs / 1000 - receivedAt - this.leadMs
    if (jumpMs > toleranceMs || this.steadySince === Number.NEGATIVE_INFINITY) {
      this.reset(timeUs, sentAt, receivedAt)
      return Math.max(0, jumpMs)
    }
    this.leadMs = Math.min(this.leadMs, timeUs / 1000 - sentAt)
    return 0
  }

  /** Handles a reply that shows that Redis's clock was set, though by less than `observe` can notice. */
  reset(timeUs: number, sentAt: number, receivedAt: number): void {
    this.leadMs = timeUs / 1000 - sentAt
    this.steadySince = receivedAt
  }

  /**
   * @param ageMs by Redis's clock
   * @returns the part of the age that is known to be true
   */
  trusted(ageMs: number, receivedAt: number): number {
    return Math.max(0, Math.min(ageMs, receivedAt - this.steadySince))
  }

  /** @returns the latest time that Redis's clock can show then, in microseconds; infinite before the first reply */
  latestAt(time: number): number {
    return Math.round((time + this.leadMs) * 1000)
  }
}
