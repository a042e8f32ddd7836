/** `sqlite:<file>`: remembers across restarts, for one process. */
import { pruneInBackground } from './prune-timer.ts'
import { digestOfOwner, Shares } from './shares.ts'
import { openDatabase } from './sqlite-file.ts'
import type { Charge, Store } from './store.ts'
import { expiryOfCharged, largestRecordBytes } from './store.ts'

interface Row {
  readonly record: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The owner as a digest. */
  readonly charge: Charge | null
}

/** Expired records that are removed at a time: two milliseconds of work where each is the largest. */
const batchSize = 25
const probeKey = 'ping'

/**
 * @param file is created where it is missing, and its folder too
 * @throws if the file can't be used, or another process has it
 */
export function openSqliteStore(file: string): Store {
  const database = openDatabase(file)
  const select = database.prepare(
    'SELECT record, expires_at, owner, bytes FROM records WHERE key = ? AND expires_at > ?',
  )
  const insert = database.prepare(
    'INSERT OR REPLACE INTO records (key, record, expires_at, owner, bytes) VALUES (?, ?, ?, ?, ?)',
  )
  const deleteKey = database.prepare('DELETE FROM records WHERE key = ?')
  const deleteExpired = database.prepare(
    'DELETE FROM records WHERE key IN (SELECT key FROM records WHERE expires_at <= ? LIMIT ?)',
  )
  const shares = readShares()

  function readShares(): Shares {
    const sums = database.prepare(
      'SELECT owner, expires_at, SUM(bytes) AS bytes FROM records WHERE expires_at > ? AND owner IS NOT NULL GROUP BY owner, expires_at',
    )
    const found = new Shares()
    for (const sum of sums.iterate(Date.now())) {
      found.add(String(sum['owner']), Number(sum['expires_at']), Number(sum['bytes']))
    }
    return found
  }

  function find(key: string): Row | undefined {
    const row = select.get(key, Date.now())
    if (row === undefined) return undefined
    const { record, expires_at: expiresAt, owner, bytes } = row
    return {
      record: String(record),
      expiresAt: Number(expiresAt),
      charge: owner === null ? null : { owner: String(owner), bytes: Number(bytes) },
    }
  }

  /** The share follows what the database has done: a statement that throws has done nothing. */
  function put(key: string, { record, expiresAt, charge }: Row): void {
    insert.run(key, record, expiresAt, charge?.owner ?? null, charge?.bytes ?? 0)
    if (charge) shares.add(charge.owner, expiresAt, charge.bytes)
  }

  function giveBack({ charge, expiresAt }: Row): void {
    if (charge) shares.add(charge.owner, expiresAt, -charge.bytes)
  }

  let hasPruned = false

  function pruneBatch(): boolean {
    const removed = Number(deleteExpired.run(Date.now(), batchSize).changes)
    hasPruned ||= removed > 0
    if (removed === batchSize) return true
    // The log of writes would hold what was removed until other writes take its place.
    if (hasPruned) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    hasPruned = false
    return false
  }
  const stops = [pruneInBackground(pruneBatch), pruneInBackground(() => shares.pruneBatch(Date.now()))]

  // The database works synchronously: nothing comes between two statements of one function.
  return {
    isShared: false,
    async get(key) {
      return find(key)?.record ?? null
    },
    async putIfAbsent(key, record, ttlMs) {
      const there = find(key)
      if (there === undefined) put(key, { record, expiresAt: Date.now() + ttlMs, charge: null })
      return there?.record ?? null
    },
    async claim(key, record, ttlMs, { owner: name, bytes, limitBytes }) {
      const there = find(key)
      if (there) return { state: 'PRESENT', record: there.record }
      const now = Date.now()
      const owner = digestOfOwner(name)
      const usedBytes = shares.used(owner, now)
      if (limitBytes > 0 && usedBytes + bytes > limitBytes) return { state: 'OVER_LIMIT', usedBytes }
      try {
        put(key, { record, expiresAt: expiryOfCharged(now, ttlMs), charge: { owner, bytes } })
        return { state: 'PUT' }
      } catch (error) {
        // Full, read-only, or a failing disk: SQLite has rolled the statement back.
        return { state: 'REFUSED', reason: String(error) }
      }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const there = find(key)
      if (there?.record !== expected) return false
      const now = Date.now()
      put(key, {
        record,
        expiresAt: charge ? expiryOfCharged(now, ttlMs) : now + ttlMs,
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
      put(probeKey, { record: 'x'.repeat(largestRecordBytes), expiresAt: 0, charge: null })
      deleteKey.run(probeKey)
    },
    async close() {
      for (const stop of stops) stop()
      database.close()
    },
  }
}
