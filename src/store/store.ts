/** What must be remembered beyond a call, behind one small interface. */

/**
 * The largest record that callers of a store may write, as UTF-8 text. With Redis's header it fills an
 * allocation of 8,192 bytes; one byte more than that takes 10,240.
 */
export const largestRecordBytes = 8000

/** Counts a record in the share of the store that its owner has. */
export interface Charge {
  /** Any text; stores keep a digest of it. */
  readonly owner: string
  /** What the record counts for, in bytes. */
  readonly bytes: number
}

/** A charge that must fit into the owner's share. */
export interface LimitedCharge extends Charge {
  /** What all live records of the owner may count for together, in bytes; 0: no limit. */
  readonly limitBytes: number
}

/** The charge of a record that takes the place of another one. */
export interface ReplacingCharge extends Charge {
  /** What the replaced record was charged, in bytes. */
  readonly replacedBytes: number
}

/**
 * - `PUT`: the record was written
 * - `PRESENT`: the key has a record, and nothing was written
 * - `OVER_LIMIT`: the owner's share has no room for the record, and nothing was written
 * - `REFUSED`: the store answered that it did not write the record
 */
export type ClaimResult =
  | { readonly state: 'PUT' }
  | { readonly state: 'PRESENT'; readonly record: string }
  | { readonly state: 'OVER_LIMIT'; readonly usedBytes: number }
  | { readonly state: 'REFUSED'; readonly reason: string }

/**
 * Records are texts, compared whole. Every operation is atomic, and rejects when the store is away.
 */
export interface Store {
  /** Whether other processes may be at work on the same records. If not, they end with this process. */
  readonly isShared: boolean
  get(key: string): Promise<string | null>
  /** @returns null if the record was put, else the one that was there already */
  putIfAbsent(key: string, record: string, ttlMs: number): Promise<string | null>
  /**
   * Puts a record that counts in its owner's share, if the key has none and the share has room. Such a
   * record lives for `ttlMs` and up to a 24th more.
   */
  claim(key: string, record: string, ttlMs: number, charge: LimitedCharge): Promise<ClaimResult>
  /**
   * @param charge of a record that was put by `claim`; it has no limit here
   * @returns whether the record was still the expected one, and is replaced
   */
  replace(
    key: string,
    expected: string,
    record: string,
    ttlMs: number,
    charge?: ReplacingCharge,
  ): Promise<boolean>
  /**
   * @param charge what a record that was put by `claim` is charged now
   * @returns whether the record was still the expected one, and is gone
   */
  remove(key: string, expected: string, charge?: Charge): Promise<boolean>
  /**
   * Where replicas share the store: takes turns that they share, at most `maxRps` in any `windowMs`.
   * Rejects once where turns may have been forgotten since the last answer. A store that is back is
   * asked again within a second.
   *
   * @returns how many of the wanted were granted, if not all, when there may be more, and how many
   *   replicas have asked within the last minute
   */
  readonly takeTurns?: (
    wanted: number,
    maxRps: number,
    windowMs: number,
  ) => Promise<{ readonly granted: number; readonly waitMs: number; readonly replicas: number }>
  /**
   * Where replicas share the store: takes tokens out of a bucket that they share. It is full at
   * first, holds `capacity` and is filled by `perSecond`.
   *
   * @returns 0 if they were taken, else the milliseconds until there would be enough
   */
  readonly takeTokens?: (
    bucket: string,
    tokens: number,
    mode: TakeMode,
    perSecond: number,
    capacity: number,
  ) => Promise<number>
  /** Resolves if the store takes a record of `largestRecordBytes`; rejects if not. */
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * - `IF_THERE`: all or none
 * - `ANYWAY`: the rest is owed, but never more than a full bucket; a negative number is given back,
 *   but never more than what is missing
 */
export type TakeMode = 'IF_THERE' | 'ANYWAY'

/** How often stores without expiry of their own remove expired records, in milliseconds. */
export const pruneEveryMs = 60_000

/** Into so many steps the time to live is divided: charged records expire at the end of one. */
export const expirySteps = 24

/**
 * When a charged record expires. The records of an owner expire at a few dozen moments, so that a share
 * needs one sum for each of these moments instead of an entry for each record.
 *
 * @param now milliseconds since the epoch
 */
export function expiryOfCharged(now: number, ttlMs: number): number {
  const stepMs = Math.ceil(ttlMs / expirySteps)
  return Math.ceil((now + ttlMs) / stepMs) * stepMs
}
