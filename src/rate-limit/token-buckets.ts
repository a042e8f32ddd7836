/** Token buckets in memory, one for each caller. They have no clock and no timer of their own. */
import type { TakeMode } from '../store/shared-limits.ts'

/** With fewer buckets than this, full ones are not removed. */
const fewBuckets = 1000
const pruneEveryUs = 1_000_000

/**
 * A bucket's state is the time at which it will be full, which gives the tokens that it lacks. Times are whole
 * microseconds, so that sums stay exact. The store's script counts in the same way.
 */
export class TokenBuckets {
  private readonly perTokenUs: number
  private readonly perBucketUs: number
  /** A bucket that is not in the map is full. */
  private readonly fullAt = new Map<string, number>()
  private prunedAt = 0

  /**
   * @param perSecond tokens that each bucket gains each second
   * @param capacity tokens that a full bucket holds
   */
  constructor(perSecond: number, capacity: number) {
    // Rounded up, so that a bucket never fills faster than that.
    this.perTokenUs = Math.ceil(1_000_000 / perSecond)
    this.perBucketUs = capacity * this.perTokenUs
  }

  /** The number of buckets in memory. */
  get size(): number {
    return this.fullAt.size
  }

  /**
   * Takes tokens from a bucket, as `SharedBuckets.takeTokens` does.
   *
   * @param now milliseconds on a clock that never goes back
   * @returns 0 if the tokens were taken; otherwise the milliseconds until the bucket has enough
   */
  take(bucket: string, tokens: number, mode: TakeMode, now: number): number {
    const nowUs = Math.floor(now * 1000)
    const fullIn = Math.max(0, (this.fullAt.get(bucket) ?? 0) - nowUs) + tokens * this.perTokenUs
    if (mode === 'IF_AVAILABLE' && fullIn > this.perBucketUs)
      return Math.ceil((fullIn - this.perBucketUs) / 1000)
    this.prune(nowUs)
    this.fullAt.set(bucket, nowUs + Math.min(fullIn, 2 * this.perBucketUs))
    return 0
  }

  private prune(nowUs: number): void {
    if (this.fullAt.size < fewBuckets || nowUs - this.prunedAt < pruneEveryUs) return
    this.prunedAt = nowUs
    for (const [bucket, at] of this.fullAt) if (at <= nowUs) this.fullAt.delete(bucket)
  }
}
