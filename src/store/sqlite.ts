/** `sqlite:<file>`: remembers across restarts, for one process. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from './store.ts'
import { pruneEveryMs } from './store.ts'

/**
 * @param file is created where it is missing, and its folder too
 * @throws if the file can't be used, or another process has it
 */
export function openSqliteStore(file: string): Store {
  // The records hold contacts: they are nobody else's to read.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(file)
  lock(database, file)
  // A write is in the file system's hands before it returns: it outlives the process, though
  // perhaps not a loss of power. A sync of the disk for each would cost more than the create.
  database.exec('PRAGMA synchronous = NORMAL')
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
  )
  const find = database.prepare('SELECT record FROM records WHERE key = ? AND expires_at > ?')
  const put = database.prepare('INSERT OR REPLACE INTO records (key, record, expires_at) VALUES (?, ?, ?)')
  const update = database.prepare(
    'UPDATE records SET record = ?, expires_at = ? WHERE key = ? AND record = ? AND expires_at > ?',
  )
  const remove = database.prepare('DELETE FROM records WHERE key = ? AND record = ?')
  const prune = database.prepare('DELETE FROM records WHERE expires_at <= ?')
  let prunedAt = Number.NEGATIVE_INFINITY

  function get(key: string): string | null {
    const row = find.get(key, Date.now())
    return row === undefined ? null : String(row['record'])
  }

  function pruneNowAndThen(now: number): void {
    if (now - prunedAt < pruneEveryMs) return
    prunedAt = now
    prune.run(now)
  }
  pruneNowAndThen(Date.now())

  // The database works synchronously: nothing comes between two statements of one function.
  return {
    isShared: false,
    async get(key) {
      return get(key)
    },
    async putIfAbsent(key, record, ttlMs) {
      const now = Date.now()
      pruneNowAndThen(now)
      const there = get(key)
      if (there === null) put.run(key, record, now + ttlMs)
      return there
    },
    async replace(key, expected, record, ttlMs) {
      const now = Date.now()
      return update.run(record, now + ttlMs, key, expected, now).changes === 1
    },
    async remove(key, expected) {
      return remove.run(key, expected).changes === 1
    },
    async ping() {
      // A write: a disk that is full can be read all the same.
      put.run('ping', '', 0)
    },
    async close() {
      database.close()
    },
  }
}

/**
 * The lock is this process's for as long as it lives, and the operating system frees it when it
 * dies: whatever is found in the file belongs to nobody who is still running.
 */
function lock(database: DatabaseSync, file: string): void {
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
  } catch (error) {
    database.close()
    const isLocked = error instanceof Error && error.message.includes('locked')
    throw isLocked ? new Error(`another process uses ${file}; several share a redis:// store`) : error
  }
}
