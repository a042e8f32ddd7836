/** Locks with a lease: a process that dies loses its locks when their leases end. */
import type { RecordStore } from './store.ts'

/** Each operation is atomic, and rejects when the store is unreachable. */
export interface LockStore {
  /** Whether other processes may take the same locks. */
  readonly isShared: boolean
  /**
   * Takes a lock if nobody holds it.
   *
   * @param owner names the holder; no two holders have the same name
   * @param leaseMs the lock ends by itself after this many milliseconds
   * @returns whether the lock was taken
   */
  acquireLock(key: string, owner: string, leaseMs: number): Promise<boolean>
  /** @returns whether the owner still held the lock, which is now free */
  releaseLock(key: string, owner: string): Promise<boolean>
}

/** A lock is a record whose expiry is the lease. */
export function createLocks(records: Pick<RecordStore, 'isShared' | 'putIfAbsent' | 'remove'>): LockStore {
  return {
    isShared: records.isShared,
    acquireLock: async (key, owner, leaseMs) => (await records.putIfAbsent(key, owner, leaseMs)) === null,
    releaseLock: (key, owner) => records.remove(key, owner),
  }
}
