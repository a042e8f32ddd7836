/** A line in which buckets take turns: however many wait in one of them, the others get theirs. */

/** First come, first served within a bucket; round-robin over the buckets. */
export class FairQueue<T> {
  /** Those who wait, by bucket, in the order in which the buckets have their turns. None is empty. */
  private readonly buckets = new Map<string, Set<T>>()
  private waiting = 0

  get size(): number {
    return this.waiting
  }

  /** How many wait in this bucket. */
  sizeOf(bucket: string): number {
    return this.buckets.get(bucket)?.size ?? 0
  }

  /** How many would be taken before a newcomer of this bucket, if nobody came after it. */
  positionOf(bucket: string): number {
    const own = this.sizeOf(bucket)
    let ahead = own
    // Who comes before the bucket in a round comes before it in the newcomer's round, too.
    let rounds = own + 1
    for (const [other, { size }] of this.buckets) {
      if (other === bucket) rounds = own
      else ahead += Math.min(size, rounds)
    }
    return ahead
  }

  add(bucket: string, one: T): void {
    const there = this.buckets.get(bucket)
    if (there) there.add(one)
    else this.buckets.set(bucket, new Set([one]))
    this.waiting += 1
  }

  /** For one who waits in this bucket, and will not any more. */
  remove(bucket: string, one: T): void {
    const there = this.buckets.get(bucket)
    if (!there?.delete(one)) return
    if (there.size === 0) this.buckets.delete(bucket)
    this.waiting -= 1
  }

  /** @returns whether anyone waits whose bucket may go */
  hasWaiting(mayGo: (bucket: string) => boolean): boolean {
    for (const bucket of this.buckets.keys()) if (mayGo(bucket)) return true
    return false
  }

  /**
   * Takes the next one out of the queue.
   *
   * @param mayGo whether a bucket may go now; others keep their place. Default: each may
   * @returns undefined where nobody waits who may go
   */
  takeNext(mayGo?: (bucket: string) => boolean): T | undefined {
    for (const [bucket, there] of this.buckets) {
      if (mayGo?.(bucket) === false) continue
      this.buckets.delete(bucket)
      // Behind all others, for its next turn.
      if (there.size > 1) this.buckets.set(bucket, there)
      for (const one of there) {
        there.delete(one)
        this.waiting -= 1
        return one
      }
    }
    return undefined
  }
}
