/** The file of a SQLite store: only its owner can read it, and one process at a time uses it. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const ownerOnly = 0o600

/**
 * Opens the file, and migrates a file of an earlier version to the current tables.
 *
 * @param file is created if it is missing, with its folder
 * @param ttlMs minimum life of the records of an earlier version, in milliseconds from now
 * @throws if the file cannot be used, another process uses it, or a later version has written it
 */
export function openDatabase(file: string, ttlMs: number): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makePrivate(file)
  const database = new DatabaseSync(file)
  try {
    lock(database, file)
    // The file system has a write before it returns. The write survives the process, but perhaps not a
    // power failure. A disk sync for each write would cost more than the create.
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
 * The records hold contacts: no other user may read them, whatever the folder's mode and the umask.
 * SQLite creates its other files with the mode of the first one. Files of a process that died, or of an
 * earlier version, may have another mode.
 */
function makePrivate(file: string): void {
  // Opens only a new file: closing a file that SQLite has open would release SQLite's locks.
  if (!existsSync(file)) closeSync(openSync(file, 'a', ownerOnly))
  for (const path of ['', '-wal', '-shm', '-journal'].map((suffix) => file + suffix)) {
    if (existsSync(path) && (statSync(path).mode & 0o777) !== ownerOnly) restrictMode(path)
  }
}

function restrictMode(path: string): void {
  try {
    chmodSync(path, ownerOnly)
  } catch (cause) {
    throw new Error(`Other users can read ${path}, and its mode cannot be set to 0600: ${String(cause)}`, {
      cause,
    })
  }
}

/**
 * The process holds the lock for as long as it lives, and the operating system releases it when the process
 * dies. No running process owns anything that the file contains at this point.
 */
function lock(database: DatabaseSync, file: string): void {
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
  } catch (error) {
    const isLocked = error instanceof Error && error.message.includes('locked')
    throw isLocked
      ? new Error(`Another process uses ${file}. To share a store, set STORE_URL to redis://…`)
      : error
  }
}

/** The version of the tables. A file of a later version is not opened. */
const layout = 1

/**
 * The key is not the primary key: in a table sorted by text, SQLite keeps a quarter of a page of each
 * record and puts the rest on overflow pages. `ends_at` is on the store's own clock. An earlier version
 * would read it as wall-clock time and remove every record; with this layout it cannot open the file.
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
/** Covers pruning and the sums of the quotas, so that neither reads the records themselves. */
const index = 'CREATE INDEX records_end ON records (ends_at, owner, bytes);'

/**
 * The wall clock may be wrong now, or may have been when the records were written, and no key may be
 * forgotten early. Locks are not copied: the processes that held them have ended.
 */
const copyRecords = `
  INSERT INTO records (key, written_at, ends_at, owner, bytes, record)
    SELECT key, 0, min(max(:ttlMs, expires_at - :wallClock), :maxTtlMs), owner, bytes, record
    FROM earlier_records WHERE key NOT GLOB 'lock:*' AND key NOT GLOB 'next:*';`

/** The maximum that the configuration allows. */
const maxTtlMs = 8760 * 3_600_000

/** @throws if the file is of a later version */
function createTables(database: DatabaseSync, file: string, ttlMs: number): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > layout)
    throw new Error(`A later version of the gateway has written ${file}. Use that version or another file`)
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
      database.prepare(copyRecords).run({ ttlMs, wallClock: Date.now(), maxTtlMs })
      database.exec('DROP TABLE earlier_records')
    }
    database.exec(`${index} PRAGMA user_version = ${layout}; COMMIT`)
  } catch (error) {
    // A full disk has rolled the transaction back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
  if (!isNew) shrinkFile(database)
}

/**
 * The new table is a third of the size. Overwriting the old table's pages would take twice as long, so the
 * file is rewritten without them.
 */
function shrinkFile(database: DatabaseSync): void {
  try {
    database.exec('VACUUM')
  } catch {
    // The disk has no room for both. The pages stay in the file until new records overwrite them.
  }
}
