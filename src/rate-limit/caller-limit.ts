/** The calls to Callbell that one caller may make each second, with bursts. Replicas share the limit. */
import type { SharedBuckets, TakeMode } from '../store/shared-limits.ts'
import type { Logger } from '../domain/logger.ts'
import { TokenBuckets } from './token-buckets.ts'

export interface CallerLimitOptions {
  /** Calls that each bucket gains each second; it holds twice as many. 0: no limit. */
  readonly callsPerSecond: number
  /** Where other replicas serve the same callers: takes tokens from the buckets that they share. */
  readonly takeTokens?: SharedBuckets['takeTokens'] | undefined
  readonly log?: Logger | undefined
}

export interface CallerLimit {
  /** Calls that a full bucket holds: no operation can take more. Infinity without a limit. */
  readonly burst: number
  /**
   * Takes all calls from a bucket, or none. Never rejects.
   *
   * @returns 0 if the calls were taken; otherwise the milliseconds until the bucket has enough. Infinity if
   *   even a full bucket does not hold them
   */
  take(bucket: string, calls: number): number | Promise<number>
  /**
   * Corrects the bucket once the real number of calls is known. Never rejects.
   *
   * @param calls calls made beyond those taken: the bucket owes them, up to its capacity. A negative number
   *   returns calls that were not made
   */
  settle(bucket: string, calls: number): Promise<void>
}

/** Seconds that an empty bucket needs to fill. */
const secondsToFill = 2
/** The pause before an unreachable store is tried again. */
const retryStoreAfterMs = 1000

export function createCallerLimit({ callsPerSecond, takeTokens, log }: CallerLimitOptions): CallerLimit {
  const capacity = callsPerSecond * secondsToFill
  const local = new TokenBuckets(callsPerSecond, capacity)
  /** Until then this replica uses its own buckets; 0 while the store is reachable. */
  let degradedUntil = 0

  function takeOrOwe(bucket: string, calls: number, mode: TakeMode): number | Promise<number> {
    const now = performance.now()
    if (takeTokens === undefined || now < degradedUntil) return local.take(bucket, calls, mode, now)
    return takeShared(takeTokens, bucket, calls, mode)
  }

  async function takeShared(
    takeFromStore: SharedBuckets['takeTokens'],
    bucket: string,
    calls: number,
    mode: TakeMode,
  ): Promise<number> {
    // One call finds out whether the store is back, so that the others do not wait for it.
    if (degradedUntil > 0) degradedUntil = performance.now() + retryStoreAfterMs
    try {
      const waitMs = await takeFromStore({
        bucket,
        tokens: calls,
        mode,
        perSecond: callsPerSecond,
        capacity,
      })
      if (degradedUntil > 0) log?.info('The store is reachable again: replicas share the limits of callers')
      degradedUntil = 0
      return waitMs
    } catch (error) {
      if (degradedUntil === 0) {
        log?.warn(
          { reason: String(error) },
          'The store is unreachable: this replica limits callers by its own buckets',
        )
      }
      const later = performance.now()
      degradedUntil = later + retryStoreAfterMs
      // An unreachable store is no reason to reject a caller.
      return local.take(bucket, calls, mode, later)
    }
  }

  return {
    burst: callsPerSecond === 0 ? Number.POSITIVE_INFINITY : capacity,
    take(bucket, calls) {
      if (callsPerSecond === 0 || calls === 0) return 0
      return calls > capacity ? Number.POSITIVE_INFINITY : takeOrOwe(bucket, calls, 'IF_AVAILABLE')
    },
    async settle(bucket, calls) {
      if (callsPerSecond === 0 || calls === 0) return
      await takeOrOwe(bucket, calls, 'ALWAYS')
    },
  }
}
