/** Token buckets in memory, one for each caller. No clock and no timer of its own. */
import type { TakeMode } from '../store/store.ts'

/** Below so many buckets it is not worth looking for those that are full again, nor more often. */
const fewBuckets = 1000
const pruneEveryUs = 1_000_000

/**
 * When a bucket will be full again is all there is to know of it: that tells how much it lacks.
 * Times are whole microseconds, so that sums stay exact; the store's script counts in the same way.
 */
export class TokenBuckets {
  private readonly perTokenUs: number
  private readonly perBucketUs: number
  /** Those that are not here are full. */
  private readonly fullAt = new Map<string, number>()
  private prunedAt = 0

  /**
   * @param perSecond tokens by which each bucket is filled
   * @param capacity tokens that a bucket holds
   */
  constructor(perSecond: number, capacity: number) {
    // Rounded up: never faster than that.
    this.perTokenUs = Math.ceil(1_000_000 / perSecond)
    this.perBucketUs = capacity * this.perTokenUs
  }

  /** How many buckets are kept. */
  get size(): number {
    return this.fullAt.size
  }

  /**
   * Takes tokens out of a bucket, as `Store.takeTokens` does.
   *
   * @param now milliseconds on a clock that never goes back
   */
  take(bucket: string, tokens: number, mode: TakeMode, now: number): number {
    const nowUs = Math.floor(now * 1000)
    const fullIn = Math.max(0, (this.fullAt.get(bucket) ?? 0) - nowUs) + tokens * this.perTokenUs
    if (mode === 'IF_THERE' && fullIn > this.perBucketUs) return Math.ceil((fullIn - this.perBucketUs) / 1000)
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
