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
   *
   * @returns how many of the wanted were granted and, if not all, when there may be more
   */
  readonly takeTurns?: (
    wanted: number,
    maxRps: number,
    windowMs: number,
  ) => Promise<{ readonly granted: number; readonly waitMs: number }>
  close(): Promise<void>
}

/** How often stores that do not forget by themselves look for records whose time is over. */
export const pruneEveryMs = 60_000
