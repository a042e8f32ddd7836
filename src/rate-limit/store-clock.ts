/** Notices that the store's clock jumps, so that the life of its permits cannot be trusted. */

/** How much two clocks may seem to differ without a jump, in milliseconds. */
const toleranceMs = 10
/** How much faster or slower a clock that is being corrected may run: a thousandth. */
const drift = 0.001

/** How far the store's clock is ahead of ours is known only within a round trip. Times are milliseconds. */
export class StoreClock {
  private earliest = Number.NEGATIVE_INFINITY
  private latest = Number.POSITIVE_INFINITY
  private checkedAt = 0

  /**
   * @param storeNow what the store's clock showed at some moment from `sentAt` to `receivedAt`
   * @returns whether it agrees with what the clock showed before
   */
  agrees(storeNow: number, sentAt: number, receivedAt: number): boolean {
    const driftMs = (receivedAt - this.checkedAt) * drift
    const earliest = Math.max(storeNow - receivedAt, this.earliest - driftMs)
    const latest = Math.min(storeNow - sentAt, this.latest + driftMs)
    this.checkedAt = receivedAt
    const doesAgree = earliest <= latest + toleranceMs
    this.earliest = doesAgree ? Math.min(earliest, latest) : storeNow - receivedAt
    this.latest = doesAgree ? Math.max(earliest, latest) : storeNow - sentAt
    return doesAgree
  }
}
