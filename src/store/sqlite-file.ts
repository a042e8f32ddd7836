/** The file of a SQLite store: readable by its owner alone, and used by one process at a time. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const ownerOnly = 0o600

/**
 * Opens the file, and brings a file of an earlier version to the present tables.
 *
 * @param file is created where it is missing, and its folder too
 * @param ttlMs for which records of an earlier version live at least, in milliseconds from now
 * @throws if the file can't be used, another process has it, or a later version has written it
 */
export function openDatabase(file: string, ttlMs: number): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makePrivate(file)
  const database = new DatabaseSync(file)
  try {
    lock(database, file)
    // A write is in the file system's hands before it returns: it outlives the process, though
    // perhaps not a loss of power. A sync of the disk for each would cost more than the create.
    database.exec('PRAGMA synchronous = NORMAL')
    createTables(database, file, ttlMs)
    database.exec('PRAGMA secure_delete = ON')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * The records hold contacts: they are nobody else's to read, whatever the folder and the umask.
 * SQLite gives the files that it adds the mode of the first one; those of a process that died, or of an
 * earlier version, may have another one.
 */
function makePrivate(file: string): void {
  // Only a new file is opened here: closing a file that SQLite has open would give up SQLite's locks.
  if (!existsSync(file)) closeSync(openSync(file, 'a', ownerOnly))
  for (const path of ['', '-wal', '-shm', '-journal'].map((suffix) => file + suffix)) {
    if (existsSync(path) && (statSync(path).mode & 0o777) !== ownerOnly) narrow(path)
  }
}

function narrow(path: string): void {
  try {
    chmodSync(path, ownerOnly)
  } catch (cause) {
    throw new Error(`others may read ${path}, and its mode can't be set to 0600: ${String(cause)}`, { cause })
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
    const isLocked = error instanceof Error && error.message.includes('locked')
    throw isLocked ? new Error(`another process uses ${file}; several share a redis:// store`) : error
  }
}

/** A file of a later version is left alone. */
const layout = 1

/**
 * The key is not the primary one: in a table that is sorted by text SQLite keeps a quarter of a page of
 * each record, and the rest of it in pages of its own. `ends_at` is on the store's own clock; an earlier
 * version, which would take it for wall-clock time and remove every record, can't open the file.
 */
const tables = `
  CREATE TABLE clock (elapsed_ms INTEGER NOT NULL);
  INSERT INTO clock VALUES (0);
  CREATE TABLE records (
    key TEXT NOT NULL UNIQUE,
    written_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    owner TEXT,
    bytes INTEGER NOT NULL,
    record TEXT NOT NULL
  );`
/** Has all that pruning and the sums of the shares need, so that neither reads the records themselves. */
const index = 'CREATE INDEX records_end ON records (ends_at, owner, bytes);'

/**
 * Of the wall clock it is not known whether it is right, now or when the records were written: no key
 * may be forgotten early. Locks are those of a process that has ended.
 */
const takeOver = `
  INSERT INTO records (key, written_at, ends_at, owner, bytes, record)
    SELECT key, 0, min(max(:ttlMs, expires_at - :wallClock), :longestTtlMs), owner, bytes, record
    FROM earlier_records WHERE key NOT GLOB 'lock:*' AND key NOT GLOB 'next:*';`

/** As the configuration bounds it. */
const longestTtlMs = 8760 * 3_600_000

/** @throws if the file is of a later version */
function createTables(database: DatabaseSync, file: string, ttlMs: number): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > layout) throw new Error(`${file} was written by a later version of the gateway`)
  if (version === layout) return
  const columns = database.prepare('PRAGMA table_info(records)').all()
  const isNew = columns.length === 0
  database.exec('BEGIN IMMEDIATE')
  try {
    if (isNew) database.exec(tables)
    else {
      if (!columns.some(({ name }) => name === 'owner')) {
        database.exec(`ALTER TABLE records ADD COLUMN owner TEXT;
          ALTER TABLE records ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0`)
      }
      database.exec(`ALTER TABLE records RENAME TO earlier_records; ${tables}`)
      database.prepare(takeOver).run({ ttlMs, wallClock: Date.now(), longestTtlMs })
      database.exec('DROP TABLE earlier_records')
    }
    database.exec(`${index} PRAGMA user_version = ${layout}; COMMIT`)
  } catch (error) {
    // A full disk has ended it already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
  if (!isNew) giveBackSpace(database)
}

/**
 * The new table is a third of the size. The pages of the earlier one are not overwritten, which would
 * take twice as long: the file is written anew without them.
 */
function giveBackSpace(database: DatabaseSync): void {
  try {
    database.exec('VACUUM')
  } catch {
    // A disk without room for both: the pages stay in the file until new records take them.
  }
}
