/** Records of a store that one process has to itself, on top of a synchronous table. */
import { digestOfOwner } from './quota-usage.ts'
import type { QuotaUsage } from './quota-usage.ts'
import { expiryOfCharged } from './expiry.ts'
import type { Charge, RecordStore, StoredRecord } from './store.ts'

/** Times are milliseconds on the table's clock. */
export interface Row {
  readonly record: string
  readonly writtenAt: number
  readonly expiresAt: number
  /** The owner is a digest. Null: the record counts toward no quota. */
  readonly charge: Charge | null
}

export interface RecordTable {
  /** Milliseconds on a clock that never goes back while the process runs. */
  now(): number
  /** @returns the row if it has not expired */
  select(key: string): Row | undefined
  /** Writes the row, over any row of the same key. Changes nothing if it throws. */
  upsert(key: string, row: Row): void
  delete(key: string): void
}

/**
 * Each operation is atomic because the table is synchronous: nothing runs between two of its calls.
 *
 * @param usage follows the table. It changes only after the table has, which may throw
 */
export function createLocalRecords(table: RecordTable, usage: QuotaUsage): RecordStore {
  /** A crash may have set the clock back behind the time of a write. */
  function storedOf({ record, writtenAt }: Row): StoredRecord {
    return { record, ageMs: Math.max(0, table.now() - writtenAt) }
  }

  /** @param owner as a digest */
  function put(key: string, record: string, ttlMs: number, charge: Charge | null): void {
    const now = table.now()
    const expiresAt = charge ? expiryOfCharged(now, ttlMs) : now + ttlMs
    table.upsert(key, { record, writtenAt: now, expiresAt, charge })
    if (charge) usage.add(charge.owner, expiresAt, charge.bytes)
  }

  function refund({ charge, expiresAt }: Row): void {
    if (charge) usage.add(charge.owner, expiresAt, -charge.bytes)
  }

  return {
    isShared: false,
    async readRecord(key) {
      const row = table.select(key)
      return row ? storedOf(row) : null
    },
    async putIfAbsent(key, record, ttlMs) {
      const row = table.select(key)
      if (row) return storedOf(row)
      put(key, record, ttlMs, null)
      return null
    },
    async claim(key, record, ttlMs, { owner: name, bytes, limitBytes }) {
      const row = table.select(key)
      if (row) return { state: 'PRESENT', ...storedOf(row) }
      const owner = digestOfOwner(name)
      const usedBytes = usage.used(owner, table.now())
      if (limitBytes > 0 && usedBytes + bytes > limitBytes) return { state: 'OVER_LIMIT', usedBytes }
      try {
        put(key, record, ttlMs, { owner, bytes })
        return { state: 'PUT' }
      } catch (error) {
        // The disk is full, read-only or failing. The table has changed nothing.
        return { state: 'REFUSED', reason: String(error) }
      }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const row = table.select(key)
      if (row?.record !== expected) return false
      put(key, record, ttlMs, charge ? { owner: digestOfOwner(charge.owner), bytes: charge.bytes } : null)
      refund(row)
      return true
    },
    async remove(key, expected) {
      const row = table.select(key)
      if (row?.record !== expected) return false
      table.delete(key)
      refund(row)
      return true
    },
  }
}
