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

/** What a key has, and for how long. */
export interface StoredRecord {
  readonly record: string
  /**
   * Milliseconds since the record was written, by the store's own clock: never negative, and never more
   * than has really passed.
   */
  readonly ageMs: number
}

/**
 * - `PUT`: the record was written
 * - `PRESENT`: the key has a record, and nothing was written
 * - `OVER_LIMIT`: the owner's share has no room for the record, and nothing was written
 * - `REFUSED`: the store surely did not write the record
 * - `QUARANTINED`: the store has no record of the key, but it has been empty lately, so that it may have
 *   lost one; nothing was written. After `retryAfterMs` a claim is worth another try
 */
export type ClaimResult =
  | { readonly state: 'PUT' }
  | ({ readonly state: 'PRESENT' } & StoredRecord)
  | { readonly state: 'OVER_LIMIT'; readonly usedBytes: number }
  | { readonly state: 'REFUSED'; readonly reason: string }
  | { readonly state: 'QUARANTINED'; readonly retryAfterMs: number }

export interface PermitRequest {
  /** Permits. */
  readonly wanted: number
  /** Requests of all replicas together in any second, as this one sees it now. */
  readonly limit: number
  /** Milliseconds for which a permit granted now counts: until a second after its latest possible arrival. */
  readonly lifetimeMs: number
  /** Requests of this replica that no permit counts, which arrived within the last second or may arrive yet. */
  readonly uncounted: number
  /** Requests a second that it sends without the store. */
  readonly share: number
  /** The store's time in the latest reply that it has had; 0 while it may be sending without the store. */
  readonly confirmedAt: number
  /** From so many milliseconds after `confirmedAt` on the replica may be sending its share. */
  readonly absentAfterMs: number
  /** Whether what the store knows of permits is not to be trusted: its clock has jumped. */
  readonly isReset: boolean
}

export interface PermitReply {
  readonly granted: number
  /** If not all were granted: milliseconds until there may be more. */
  readonly waitMs: number
  /** Replicas that have asked within the last minute, this one included. */
  readonly replicas: number
  /** Milliseconds on the store's clock. */
  readonly now: number
  /** Whether the store has lost what it knew, and grants nothing until nothing of that counts any more. */
  readonly isQuiet: boolean
}

/**
 * Records are texts, compared whole. Every operation is atomic, and rejects when the store is away.
 */
export interface Store {
  /** Whether other processes may be at work on the same records. If not, they end with this process. */
  readonly isShared: boolean
  get(key: string): Promise<StoredRecord | null>
  /** @returns null if the record was put, else the one that was there already */
  putIfAbsent(key: string, record: string, ttlMs: number): Promise<StoredRecord | null>
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
   * Where replicas share the store: takes permits that they share, of which no more than `limit` count at a
   * time. A store that can be reached again is asked again within a second.
   */
  readonly acquireShared?: (request: PermitRequest) => Promise<PermitReply>
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
  /**
   * Resolves if the store does all that is asked of it, with a record of `largestRecordBytes`; rejects if
   * not. The message of the error, and the warning, are for everyone: without addresses, paths, credentials.
   *
   * @returns what may go wrong with it all the same; null where nothing is known
   */
  ping(): Promise<string | null>
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
 * @param now milliseconds on the store's clock
 */
export function expiryOfCharged(now: number, ttlMs: number): number {
  const stepMs = Math.ceil(ttlMs / expirySteps)
  return Math.ceil((now + ttlMs) / stepMs) * stepMs
}
