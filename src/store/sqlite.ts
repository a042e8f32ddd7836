/** `sqlite:<file>`: keeps records across restarts, for one process at a time. */
import { createLocalRecords } from './local-records.ts'
import type { Row } from './local-records.ts'
import { createLocks } from './locks.ts'
import { pruneInBackground } from './prune-timer.ts'
import { QuotaUsage } from './quota-usage.ts'
import { openSqliteClock } from './sqlite-clock.ts'
import { openDatabase } from './sqlite-file.ts'
import type { Store } from './store.ts'
import { maxRecordBytes } from './store.ts'

/** Expired records removed in one batch: two milliseconds of work if each has the largest size. */
const batchSize = 25
const probeKey = 'ping'
const dayMs = 24 * 3_600_000

/** Each uses an index: a scan of a million records would block the process for seconds. */
export const statements = {
  select: 'SELECT record, written_at, ends_at, owner, bytes FROM records WHERE key = ? AND ends_at > ?',
  // A row with the same key has expired or is to be replaced.
  upsert: `INSERT INTO records (key, record, written_at, ends_at, owner, bytes) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET record = excluded.record, written_at = excluded.written_at,
      ends_at = excluded.ends_at, owner = excluded.owner, bytes = excluded.bytes`,
  deleteKey: 'DELETE FROM records WHERE key = ?',
  deleteExpired: 'DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE ends_at <= ? LIMIT ?)',
  sumUsage:
    'SELECT owner, ends_at, SUM(bytes) AS bytes FROM records WHERE ends_at > ? AND owner IS NOT NULL GROUP BY ends_at, owner',
} as const

/**
 * @param file is created if it is missing, with its folder
 * @param earlierTtlMs minimum life of the records of an earlier version, in milliseconds. Default: a day
 * @throws if the file cannot be used, or another process uses it
 */
export function openSqliteStore(file: string, earlierTtlMs = dayMs): Store {
  const database = openDatabase(file, earlierTtlMs)
  const clock = openSqliteClock(database)
  const select = database.prepare(statements.select)
  const upsert = database.prepare(statements.upsert)
  const deleteKey = database.prepare(statements.deleteKey)
  const deleteExpired = database.prepare(statements.deleteExpired)
  const usage = readUsage()

  function readUsage(): QuotaUsage {
    const sums = database.prepare(statements.sumUsage)
    const found = new QuotaUsage()
    for (const sum of sums.iterate(clock.now())) {
      found.add(String(sum['owner']), Number(sum['ends_at']), Number(sum['bytes']))
    }
    return found
  }

  function write(key: string, { record, writtenAt, expiresAt, charge }: Row): void {
    upsert.run(key, record, writtenAt, expiresAt, charge?.owner ?? null, charge?.bytes ?? 0)
  }

  const records = createLocalRecords(
    {
      now: () => clock.now(),
      select(key) {
        const row = select.get(key, clock.now())
        if (row === undefined) return undefined
        const { record, written_at: writtenAt, ends_at: expiresAt, owner, bytes } = row
        return {
          record: String(record),
          writtenAt: Number(writtenAt),
          expiresAt: Number(expiresAt),
          charge: owner === null ? null : { owner: String(owner), bytes: Number(bytes) },
        }
      },
      // SQLite rolls a statement back if it fails.
      upsert: write,
      delete: (key) => void deleteKey.run(key),
    },
    usage,
  )

  let hasPruned = false

  function pruneBatch(): boolean {
    const removed = Number(deleteExpired.run(clock.now(), batchSize).changes)
    hasPruned ||= removed > 0
    if (removed === batchSize) return true
    // Otherwise the write-ahead log keeps the removed records until other writes overwrite them.
    if (hasPruned) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    hasPruned = false
    return false
  }
  const stops = [pruneInBackground(pruneBatch), pruneInBackground(() => usage.pruneBatch(clock.now()))]

  return {
    ...records,
    ...createLocks(records),
    async ping() {
      // Writes a record of the largest size: a full disk can still be read, and may accept smaller ones.
      try {
        write(probeKey, {
          record: 'x'.repeat(maxRecordBytes),
          writtenAt: 0,
          expiresAt: 0,
          charge: null,
        })
        deleteKey.run(probeKey)
      } catch (error) {
        throw new Error(`The store’s file cannot be written (${messageOf(error)})`, { cause: error })
      }
      return null
    },
    async close() {
      for (const stop of stops) stop()
      clock.close()
      database.close()
    },
  }
}

/** SQLite's own description of the kind of error, which names no file. */
function messageOf(error: unknown): string {
  return error instanceof Error && 'errstr' in error ? String(error.errstr) : 'unknown error'
}
