/** Counts requests in flight, in total and by bucket, so that slow answers of one bucket leave room for others. */

/**
 * What one bucket may have in flight, as a multiple of the free connections: four fifths of all connections if
 * it is alone, and less the more the others use. So one bucket with slow answers never takes the last one.
 */
const inFlightPerFreeConnection = 4
/** With fewer buckets than this, those without requests in flight are not removed. */
const fewBuckets = 1000

export class InFlightRequests {
  private count = 0
  private readonly max: number
  private readonly byBucket = new Map<string, number>()

  /** @param max requests in flight at the same time */
  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.count
  }

  /** How many more requests may start. */
  get freeSlots(): number {
    return this.max - this.count
  }

  mayStart(bucket: string): boolean {
    return (this.byBucket.get(bucket) ?? 0) < inFlightPerFreeConnection * this.freeSlots
  }

  add(bucket: string): void {
    this.change(bucket, 1)
  }

  remove(bucket: string): void {
    this.change(bucket, -1)
  }

  private change(bucket: string, by: 1 | -1): void {
    this.count += by
    this.byBucket.set(bucket, (this.byBucket.get(bucket) ?? 0) + by)
    if (this.byBucket.size < fewBuckets) return
    for (const [other, count] of this.byBucket) if (count === 0) this.byBucket.delete(other)
  }
}
