/** What must outlive a call or a process: small interfaces, and the store that implements all of them. */
import type { LockStore } from './locks.ts'
import type { SharedBuckets, SharedLimiter } from './shared-limits.ts'

/**
 * The largest record that callers of a store may write, in bytes of UTF-8. With Redis's header it fills an
 * allocation of 8,192 bytes; one more byte takes 10,240.
 */
export const maxRecordBytes = 8000

/** Counts a record toward its owner's quota. */
export interface Charge {
  /** Any string; stores keep a digest of it. */
  readonly owner: string
  /** What the record counts for, in bytes. */
  readonly bytes: number
}

/** A charge that must fit into the owner's quota. */
export interface LimitedCharge extends Charge {
  /** The owner's quota: what all its live records may count for together, in bytes; 0: no limit. */
  readonly limitBytes: number
}

/** The charge of a record that replaces another one. */
export interface ReplacingCharge extends Charge {
  /** What the replaced record was charged, in bytes. */
  readonly replacedBytes: number
}

/** A record and its age. */
export interface StoredRecord {
  readonly record: string
  /**
   * Milliseconds since the record was written, by the store's own clock: never negative, and never more
   * than the time that has really passed.
   */
  readonly ageMs: number
}

/**
 * - `PUT`: the record was written
 * - `PRESENT`: the key has a record; nothing was written
 * - `OVER_LIMIT`: the record does not fit into the owner's quota; nothing was written
 * - `REFUSED`: the store certainly did not write the record. Whether the key has another one is unknown
 * - `QUARANTINED`: the store has no record of the key but may have lost one, because it was empty recently;
 *   nothing was written. The caller may claim again after `retryAfterMs`
 */
export type ClaimResult =
  | { readonly state: 'PUT' }
  | ({ readonly state: 'PRESENT' } & StoredRecord)
  | { readonly state: 'OVER_LIMIT'; readonly usedBytes: number }
  | { readonly state: 'REFUSED'; readonly reason: string }
  | { readonly state: 'QUARANTINED'; readonly retryAfterMs: number }

/** Records with an expiry, compared as whole strings. Each operation is atomic, and rejects without the store. */
export interface RecordStore {
  /** Whether other processes may use the same records. If not, these processes end with this one. */
  readonly isShared: boolean
  /**
   * Reads a record. Only for the caller of a refused write, who must know what the key has: a store that
   * refuses writes, because it is full for example, still answers reads.
   *
   * @returns null if the key has no record
   */
  readRecord(key: string): Promise<StoredRecord | null>
  /**
   * Writes a record that counts toward no quota, if the key has none.
   *
   * @returns null if the record was written; otherwise the record that the key already has
   */
  putIfAbsent(key: string, record: string, ttlMs: number): Promise<StoredRecord | null>
  /**
   * Writes a record that counts toward its owner's quota, if the key has none and the quota has room. The
   * record lives for `ttlMs` and up to a 24th longer.
   */
  claim(key: string, record: string, ttlMs: number, charge: LimitedCharge): Promise<ClaimResult>
  /**
   * @param charge for a record that `claim` wrote; it has no limit here
   * @returns whether the key still had the expected record, which is now replaced
   */
  replace(
    key: string,
    expected: string,
    record: string,
    ttlMs: number,
    charge?: ReplacingCharge,
  ): Promise<boolean>
  /**
   * @param charge what a record that `claim` wrote is charged now
   * @returns whether the key still had the expected record, which is now removed
   */
  remove(key: string, expected: string, charge?: Charge): Promise<boolean>
}

export interface StoreHealth {
  /**
   * Checks that the store does everything that the gateway needs, with a record of `maxRecordBytes`.
   * The warning and the error's message are public: they contain no address, path or credential.
   *
   * @returns a warning about what may fail later; null if nothing is known
   * @throws if an operation fails
   */
  ping(): Promise<string | null>
}

/** Replicas share the limits only in a store that several processes can reach. */
export interface Store
  extends RecordStore, LockStore, StoreHealth, Partial<SharedLimiter>, Partial<SharedBuckets> {
  close(): Promise<void>
}
