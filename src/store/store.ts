/** What must be remembered beyond a call, behind one small interface. */

/**
 * Records are texts, compared whole. Every operation is atomic, and rejects when the store is away.
 */
export interface Store {
  /** Whether other processes may be at work on the same records. If not, they end with this process. */
  readonly isShared: boolean
  get(key: string): Promise<string | null>
  /** @returns null if the record was put, else the one that was there already */
  putIfAbsent(key: string, record: string, ttlMs: number): Promise<string | null>
  /** @returns whether the record was still the expected one, and is replaced */
  replace(key: string, expected: string, record: string, ttlMs: number): Promise<boolean>
  /** @returns whether the record was still the expected one, and is gone */
  remove(key: string, expected: string): Promise<boolean>
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
  /** Resolves if the store can be written to. */
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * - `IF_THERE`: all or none
 * - `ANYWAY`: the rest is owed, but never more than a full bucket; a negative number is given back,
 *   but never more than what is missing
 */
export type TakeMode = 'IF_THERE' | 'ANYWAY'

/** How often stores that do not forget by themselves look for records whose time is over. */
export const pruneEveryMs = 60_000
