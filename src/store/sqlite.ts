/** `sqlite:<file>`: remembers across restarts, for one process. */
import { pruneInBackground } from './prune-timer.ts'
import { digestOfOwner, Shares } from './shares.ts'
import { openSqliteClock } from './sqlite-clock.ts'
import { openDatabase } from './sqlite-file.ts'
import type { Charge, Store, StoredRecord } from './store.ts'
import { expiryOfCharged, largestRecordBytes } from './store.ts'

interface Row {
  readonly record: string
  /** Milliseconds on the file's own clock. */
  readonly writtenAt: number
  readonly endsAt: number
  /** The owner as a digest. */
  readonly charge: Charge | null
}

/** Expired records that are removed at a time: two milliseconds of work where each is the largest. */
const batchSize = 25
const probeKey = 'ping'
const dayMs = 24 * 3_600_000

/** Each finds what it needs by an index: a scan of a million records would hold up everything else for seconds. */
export const statements = {
  select: 'SELECT record, written_at, ends_at, owner, bytes FROM records WHERE key = ? AND ends_at > ?',
  // What is there already has expired, or is replaced.
  upsert: `INSERT INTO records (key, record, written_at, ends_at, owner, bytes) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET record = excluded.record, written_at = excluded.written_at,
      ends_at = excluded.ends_at, owner = excluded.owner, bytes = excluded.bytes`,
  deleteKey: 'DELETE FROM records WHERE key = ?',
  deleteExpired: 'DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE ends_at <= ? LIMIT ?)',
  sumShares:
    'SELECT owner, ends_at, SUM(bytes) AS bytes FROM records WHERE ends_at > ? AND owner IS NOT NULL GROUP BY ends_at, owner',
} as const

/**
 * @param file is created where it is missing, and its folder too
 * @param earlierTtlMs milliseconds for which the records of an earlier version live at least. Default: a day
 * @throws if the file can't be used, or another process has it
 */
export function openSqliteStore(file: string, earlierTtlMs = dayMs): Store {
  const database = openDatabase(file, earlierTtlMs)
  const clock = openSqliteClock(database)
  const select = database.prepare(statements.select)
  const upsert = database.prepare(statements.upsert)
  const deleteKey = database.prepare(statements.deleteKey)
  const deleteExpired = database.prepare(statements.deleteExpired)
  const shares = readShares()

  function readShares(): Shares {
    const sums = database.prepare(statements.sumShares)
    const found = new Shares()
    for (const sum of sums.iterate(clock.now())) {
      found.add(String(sum['owner']), Number(sum['ends_at']), Number(sum['bytes']))
    }
    return found
  }

  function find(key: string): Row | undefined {
    const row = select.get(key, clock.now())
    if (row === undefined) return undefined
    const { record, written_at: writtenAt, ends_at: endsAt, owner, bytes } = row
    return {
      record: String(record),
      writtenAt: Number(writtenAt),
      endsAt: Number(endsAt),
      charge: owner === null ? null : { owner: String(owner), bytes: Number(bytes) },
    }
  }

  /** A crash may have set the clock back behind what was written. */
  function storedOf({ record, writtenAt }: Row): StoredRecord {
    return { record, ageMs: Math.max(0, clock.now() - writtenAt) }
  }

  /** The share follows what the database has done: a statement that throws has done nothing. */
  function put(key: string, { record, writtenAt, endsAt, charge }: Row): void {
    upsert.run(key, record, writtenAt, endsAt, charge?.owner ?? null, charge?.bytes ?? 0)
    if (charge) shares.add(charge.owner, endsAt, charge.bytes)
  }

  function giveBack({ charge, endsAt }: Row): void {
    if (charge) shares.add(charge.owner, endsAt, -charge.bytes)
  }

  let hasPruned = false

  function pruneBatch(): boolean {
    const removed = Number(deleteExpired.run(clock.now(), batchSize).changes)
    hasPruned ||= removed > 0
    if (removed === batchSize) return true
    // The log of writes would hold what was removed until other writes take its place.
    if (hasPruned) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    hasPruned = false
    return false
  }
  const stops = [pruneInBackground(pruneBatch), pruneInBackground(() => shares.pruneBatch(clock.now()))]

  // The database works synchronously: nothing comes between two statements of one function.
  return {
    isShared: false,
    async get(key) {
      const there = find(key)
      return there ? storedOf(there) : null
    },
    async putIfAbsent(key, record, ttlMs) {
      const there = find(key)
      if (there) return storedOf(there)
      const now = clock.now()
      put(key, { record, writtenAt: now, endsAt: now + ttlMs, charge: null })
      return null
    },
    async claim(key, record, ttlMs, { owner: name, bytes, limitBytes }) {
      const there = find(key)
      if (there) return { state: 'PRESENT', ...storedOf(there) }
      const now = clock.now()
      const owner = digestOfOwner(name)
      const usedBytes = shares.used(owner, now)
      if (limitBytes > 0 && usedBytes + bytes > limitBytes) return { state: 'OVER_LIMIT', usedBytes }
      try {
        const endsAt = expiryOfCharged(now, ttlMs)
        put(key, { record, writtenAt: now, endsAt, charge: { owner, bytes } })
        return { state: 'PUT' }
      } catch (error) {
        // Full, read-only, or a failing disk: SQLite has rolled the statement back.
        return { state: 'REFUSED', reason: String(error) }
      }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const there = find(key)
      if (there?.record !== expected) return false
      const now = clock.now()
      put(key, {
        record,
        writtenAt: now,
        endsAt: charge ? expiryOfCharged(now, ttlMs) : now + ttlMs,
        charge: charge ? { owner: digestOfOwner(charge.owner), bytes: charge.bytes } : null,
      })
      giveBack(there)
      return true
    },
    async remove(key, expected) {
      const there = find(key)
      if (there?.record !== expected) return false
      deleteKey.run(key)
      giveBack(there)
      return true
    },
    async ping() {
      // A write of what a record may need: a disk that is full can be read, and may take less.
      try {
        put(probeKey, { record: 'x'.repeat(largestRecordBytes), writtenAt: 0, endsAt: 0, charge: null })
        deleteKey.run(probeKey)
      } catch (error) {
        throw new Error(`the file of the store can’t be written to (${textOf(error)})`, { cause: error })
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

/** SQLite's own text for the kind of the error, which names no file. */
function textOf(error: unknown): string {
  return error instanceof Error && 'errstr' in error ? String(error.errstr) : 'unknown error'
}
