/** A queue that is fair to buckets: a bucket with many items does not delay the others. */

/** First in, first out within a bucket; round-robin over the buckets. */
export class FairQueue<T> {
  /** Items by bucket, in the order in which the buckets are served next. No set is empty. */
  private readonly buckets = new Map<string, Set<T>>()
  private waiting = 0

  get size(): number {
    return this.waiting
  }

  /** The number of items in this bucket. */
  sizeOf(bucket: string): number {
    return this.buckets.get(bucket)?.size ?? 0
  }

  /** How many items would be taken before a new item of this bucket, if no others were added after it. */
  positionOf(bucket: string): number {
    const own = this.sizeOf(bucket)
    let ahead = own
    // A bucket that is before this one in a round is also before it in the new item's round.
    let rounds = own + 1
    for (const [other, { size }] of this.buckets) {
      if (other === bucket) rounds = own
      else ahead += Math.min(size, rounds)
    }
    return ahead
  }

  add(bucket: string, item: T): void {
    const items = this.buckets.get(bucket)
    if (items) items.add(item)
    else this.buckets.set(bucket, new Set([item]))
    this.waiting += 1
  }

  /** Removes an item of this bucket, if it is still in the queue. */
  remove(bucket: string, item: T): void {
    const items = this.buckets.get(bucket)
    if (!items?.delete(item)) return
    if (items.size === 0) this.buckets.delete(bucket)
    this.waiting -= 1
  }

  /** @returns whether any bucket with items may be served */
  hasWaiting(mayServe: (bucket: string) => boolean): boolean {
    for (const bucket of this.buckets.keys()) if (mayServe(bucket)) return true
    return false
  }

  /**
   * Removes the next item.
   *
   * @param mayServe whether a bucket may be served now; others keep their position. Default: all may
   * @returns undefined if no bucket with items may be served
   */
  takeNext(mayServe?: (bucket: string) => boolean): T | undefined {
    for (const [bucket, items] of this.buckets) {
      if (mayServe?.(bucket) === false) continue
      this.buckets.delete(bucket)
      // The bucket's next item is served after all other buckets.
      if (items.size > 1) this.buckets.set(bucket, items)
      for (const item of items) {
        items.delete(item)
        this.waiting -= 1
        return item
      }
    }
    return undefined
  }
}
