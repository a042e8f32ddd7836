/** The file of a SQLite store: readable by its owner alone, and used by one process at a time. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const ownerOnly = 0o600

/**
 * Opens the file, and brings a file of an earlier version to the present tables.
 *
 * @param file is created where it is missing, and its folder too
 * @throws if the file can't be used, or another process has it
 */
export function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makePrivate(file)
  const database = new DatabaseSync(file)
  try {
    lock(database, file)
    // A write is in the file system's hands before it returns: it outlives the process, though
    // perhaps not a loss of power. A sync of the disk for each would cost more than the create.
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON')
    createTables(database)
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

/** Records of an earlier version have no owner, and count in nobody's share. */
function createTables(database: DatabaseSync): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
  )
  const columns = database.prepare('PRAGMA table_info(records)').all()
  if (!columns.some(({ name }) => name === 'owner')) {
    database.exec(`BEGIN;
      ALTER TABLE records ADD COLUMN owner TEXT;
      ALTER TABLE records ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
      COMMIT`)
  }
  // Holds all that pruning and the sums of the shares need, so that neither reads the records themselves.
  database.exec('CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at, owner, bytes)')
}
