/** Limits that replicas enforce together: permits for calls to Callbell, and the callers' token buckets. */

/** All times are in milliseconds. */
export interface PermitRequest {
  /** How many permits the replica needs now. */
  readonly wanted: number
  /** Requests of all replicas together in any second, as this replica sees the limit now. */
  readonly limit: number
  /** How long a permit granted now counts: until a second after its latest possible arrival. */
  readonly lifetimeMs: number
  /** Requests of this replica without a permit that arrived within the last second or may still arrive. */
  readonly uncounted: number
  /** Requests a second that the replica sends while it cannot reach the store. */
  readonly share: number
  /** The store's time in the latest reply that the replica received; 0 while it may be degraded. */
  readonly confirmedAt: number
  /** The replica may send its share from this long after `confirmedAt` on. */
  readonly degradedAfterMs: number
  /** Whether the store's clock has jumped, so that its permits cannot be trusted. */
  readonly hasClockJumped: boolean
}

export interface PermitReply {
  readonly granted: number
  /** If fewer permits than wanted were granted: milliseconds until more may be free. */
  readonly waitMs: number
  /** Replicas that sent a request within the last minute, including this one. */
  readonly replicas: number
  /** The store's clock, in milliseconds. */
  readonly now: number
  /** Whether the store has lost its permits. It grants none until the lost ones no longer count. */
  readonly isQuarantined: boolean
}

export interface SharedLimiter {
  /**
   * Acquires permits that replicas share, of which at most `limit` count at a time. Rejects when the store is
   * unreachable; the next request finds out within a second whether it is back.
   */
  readonly acquireShared: (request: PermitRequest) => Promise<PermitReply>
}

/**
 * - `IF_AVAILABLE`: takes all tokens or none
 * - `ALWAYS`: takes all tokens, and the bucket owes what it lacks, up to its capacity. A negative number
 *   returns tokens, up to a full bucket
 */
export type TakeMode = 'IF_AVAILABLE' | 'ALWAYS'

export interface TokenRequest {
  /** Name of the bucket: any string. */
  readonly bucket: string
  readonly tokens: number
  readonly mode: TakeMode
  /** Tokens that the bucket gains each second. */
  readonly perSecond: number
  /** Tokens that a full bucket holds. A new bucket is full. */
  readonly capacity: number
}

export interface SharedBuckets {
  /**
   * Takes tokens from a bucket that replicas share. Rejects when the store is unreachable.
   *
   * @returns 0 if the tokens were taken; otherwise the milliseconds until the bucket has enough
   */
  readonly takeTokens: (request: TokenRequest) => Promise<number>
}
