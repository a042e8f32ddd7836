/** What one caller may cost: calls to Callbell a second, with bursts, shared by all replicas. */
import type { Store, TakeMode } from '../store/store.ts'
import type { Logger } from '../domain/logger.ts'
import { TokenBuckets } from './token-buckets.ts'

export interface CallerLimitOptions {
  /** Calls that each bucket gains in a second; it holds twice as many. 0: no limit. */
  readonly callsPerSecond: number
  /** Where other replicas serve the same callers: takes from the buckets that all have together. */
  readonly takeTokens?: Store['takeTokens'] | undefined
  readonly log?: Logger | undefined
}

export interface CallerLimit {
  /** What a full bucket holds: more can never be taken at once. Infinity without a limit. */
  readonly burst: number
  /**
   * Takes so many calls out of a bucket, all or none. Never rejects.
   *
   * @returns 0 if they were taken, else the milliseconds until there would be enough; Infinity if
   *   a full bucket does not hold as many
   */
  take(bucket: string, calls: number): number | Promise<number>
  /**
   * Corrects what was taken by what really happened. Never rejects.
   *
   * @param calls what was made beyond it, which is owed, down to a whole bucket below zero;
   *   negative: what was not made, which is given back
   */
  settle(bucket: string, calls: number): Promise<void>
}

/** Seconds for which a bucket that nobody takes from is filled. */
const secondsToFill = 2
/** While the store is away, until it is asked again. */
const askAgainAfterMs = 1000

export function createCallerLimit({ callsPerSecond, takeTokens, log }: CallerLimitOptions): CallerLimit {
  const size = callsPerSecond * secondsToFill
  const own = new TokenBuckets(callsPerSecond, size)
  /** Until then this replica goes by its own buckets; 0 as long as the store answers. */
  let degradedUntil = 0

  function takeLocal(bucket: string, calls: number, mode: TakeMode): number | Promise<number> {
    const now = performance.now()
    if (takeTokens === undefined || now < degradedUntil) return own.take(bucket, calls, mode, now)
    return takeShared(takeTokens, bucket, calls, mode)
  }

  async function takeShared(
    share: NonNullable<Store['takeTokens']>,
    bucket: string,
    calls: number,
    mode: TakeMode,
  ): Promise<number> {
    // One call finds out whether the store is back: the others do not have to wait for that.
    if (degradedUntil > 0) degradedUntil = performance.now() + askAgainAfterMs
    try {
      const waitMs = await share(bucket, calls, mode, callsPerSecond, size)
      if (degradedUntil > 0) log?.info('callers are limited by all replicas together again')
      degradedUntil = 0
      return waitMs
    } catch (error) {
      if (degradedUntil === 0)
        log?.warn({ reason: String(error) }, 'callers are limited by this replica alone')
      const later = performance.now()
      degradedUntil = later + askAgainAfterMs
      // Nobody is refused because the store is away.
      return own.take(bucket, calls, mode, later)
    }
  }

  return {
    burst: callsPerSecond === 0 ? Number.POSITIVE_INFINITY : size,
    take(bucket, calls) {
      if (callsPerSecond === 0 || calls === 0) return 0
      return calls > size ? Number.POSITIVE_INFINITY : takeLocal(bucket, calls, 'IF_THERE')
    },
    async settle(bucket, calls) {
      if (callsPerSecond === 0 || calls === 0) return
      await takeLocal(bucket, calls, 'ANYWAY')
    },
  }
}
