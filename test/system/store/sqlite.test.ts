/** The file of a SQLite store: who can read it, and what it contains. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openMemoryStore } from '../../../src/store/memory.ts'
import { digestOfOwner } from '../../../src/store/quota-usage.ts'
import { openSqliteStore, statements } from '../../../src/store/sqlite.ts'
import type { Store } from '../../../src/store/store.ts'
import { pruneEveryMs } from '../../../src/store/expiry.ts'
import { newSqliteFile } from '../../support/stores.ts'

const minute = 60_000
const charge = { owner: 'one', bytes: 10, limitBytes: 0 }

/** Modes of the store's files, by the ends of their names. */
function modesOf(file: string): Record<string, string> {
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)))
  return Object.fromEntries(
    names.map((name) => [
      name.slice(basename(file).length),
      (statSync(join(dirname(file), name)).mode & 0o777).toString(8),
    ]),
  )
}

/** The first row that a query finds in the file of a closed store. */
function readRow(file: string, query: string) {
  const database = new DatabaseSync(file)
  try {
    return { ...database.prepare(query).get() }
  } finally {
    database.close()
  }
}

/** How many records the file of a closed store holds. */
function countOf(file: string): unknown {
  return readRow(file, 'SELECT count(*) AS count FROM records')['count']
}

/** Opens a store in a separate process, which prints `open` and has nothing else to do. */
function runInProcess(module: string, open: string) {
  const url = new URL(`../../../src/store/${module}.ts`, import.meta.url)
  const script = `import * as store from '${url}'; store.${open}; console.log('open')`
  const options = { encoding: 'utf8', timeout: 20_000 } as const
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], options)
}

function fakeTimers(...more: 'Date'[]): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', ...more],
  })
  onTestFinished(() => void vi.useRealTimers())
}

test.each([0o000, 0o022, 0o277])('only the owner can read its files with the umask %o', async (mask) => {
  const file = newSqliteFile()
  chmodSync(dirname(file), 0o777)
  const before = process.umask(mask)
  onTestFinished(() => void process.umask(before))
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  await store.putIfAbsent('k', 'a', minute)
  expect(modesOf(file)).toEqual({ '': '600', '-wal': '600' })
})

test('the mode of an earlier version’s files is restricted', async () => {
  const file = newSqliteFile()
  const database = new DatabaseSync(file)
  database.exec(
    'CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID; PRAGMA journal_mode = WAL',
  )
  database.close()
  // The files that a killed process leaves.
  for (const suffix of ['-wal', '-shm', '-journal']) writeFileSync(file + suffix, '')
  for (const suffix of ['', '-wal', '-shm', '-journal']) chmodSync(file + suffix, 0o666)
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  await store.putIfAbsent('k', 'a', minute)
  expect(new Set(Object.values(modesOf(file)))).toEqual(new Set(['600']))
})

test('a second store that fails to open does not release the locks of the first', () => {
  const file = newSqliteFile()
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  expect(() => openSqliteStore(file)).toThrow('Another process uses')
  const { stderr } = runInProcess('sqlite', `openSqliteStore(${JSON.stringify(file)})`)
  expect(stderr).toContain(`Another process uses ${file}`)
})

test('a timer removes expired records in batches, and their contents from the files', async () => {
  fakeTimers()
  const file = newSqliteFile()
  const store = openSqliteStore(file)
  for (let n = 0; n < 250; n += 1) {
    await store.claim(`k${n}`, `Giulia Bianchi ${n}`.padEnd(3000, '.'), minute, charge)
  }
  await store.claim('live', 'Ada', 10 * minute, charge)
  await vi.advanceTimersByTimeAsync(2 * pruneEveryMs + 1000)
  const files = [file, `${file}-wal`].filter((path) => existsSync(path))
  const texts = files.map((path) => readFileSync(path, 'latin1'))
  expect(texts.map((text) => text.includes('Giulia'))).toEqual(texts.map(() => false))
  await store.close()
  expect(countOf(file)).toBe(1)
})

test('expired records of an earlier process are removed at the start, the first batch at once', async () => {
  fakeTimers()
  const file = newSqliteFile()
  const first = openSqliteStore(file)
  for (let n = 0; n < 250; n += 1) await first.claim(`k${n}`, 'x', 1000, charge)
  await vi.advanceTimersByTimeAsync(2000)
  await first.close()
  await openSqliteStore(file).close()
  expect(countOf(file)).toBe(225)
  const last = openSqliteStore(file)
  await vi.advanceTimersByTimeAsync(1000)
  await last.close()
  expect(countOf(file)).toBe(0)
})

test.each(['sqlite', 'memory'])('the timer of %s does not keep a process running', (name) => {
  const open = name === 'sqlite' ? `openSqliteStore(${JSON.stringify(newSqliteFile())})` : 'openMemoryStore()'
  expect(runInProcess(name, open)).toMatchObject({ status: 0, stdout: 'open\n' })
})

test('a probe leaves no record', async () => {
  const file = newSqliteFile()
  const store = openSqliteStore(file)
  await store.ping()
  await store.close()
  expect(countOf(file)).toBe(0)
})

/** The tables of earlier versions. */
const earlierTables = {
  'without owners':
    'CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID; CREATE INDEX records_expiry ON records (expires_at)',
  'with owners':
    'CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL, owner TEXT, bytes INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID; CREATE INDEX records_expiry ON records (expires_at, owner, bytes)',
}

/** @param records keys, and when they expire on the wall clock */
function writeEarlierFile(tables: keyof typeof earlierTables, records: Record<string, number>): string {
  const file = newSqliteFile()
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode = WAL; BEGIN; ${earlierTables[tables]}`)
  const insert = database.prepare('INSERT INTO records (key, record, expires_at) VALUES (?, ?, ?)')
  for (const [key, expiresAt] of Object.entries(records)) insert.run(key, `record of ${key}`, expiresAt)
  if (tables === 'with owners') {
    database.prepare('UPDATE records SET owner = ?, bytes = 60').run(digestOfOwner('one'))
  }
  database.exec('COMMIT')
  database.close()
  return file
}

/** Opens the file in a process that kills itself before it runs the statement with this word. */
function openAndDieBefore(file: string, word: string) {
  const url = new URL('../../../src/store/sqlite.ts', import.meta.url)
  const script = `
    import { DatabaseSync } from 'node:sqlite'
    import { openSqliteStore } from '${url}'
    const { exec } = DatabaseSync.prototype
    DatabaseSync.prototype.exec = function (sql) {
      // What comes before it in the same text is run.
      const [before] = sql.split('${word}')
      exec.call(this, before)
      if (before !== sql) process.kill(process.pid, 'SIGKILL')
    }
    openSqliteStore(${JSON.stringify(file)}, ${minute})`
  const options = { encoding: 'utf8', timeout: 60_000 } as const
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], options)
}

function openTestSqlite(file: string): Store {
  const store = openSqliteStore(file, minute)
  onTestFinished(() => store.close())
  return store
}

describe.each(['without owners', 'with owners'] as const)('a file of an earlier version, %s', (tables) => {
  test('keeps its records for a full lifetime from now on, with any earlier clock, and drops its locks', async () => {
    fakeTimers()
    const [now, day] = [Date.now(), 24 * 60 * minute]
    const file = writeEarlierFile(tables, {
      ended: now - day,
      ending: now + 1,
      long: now + 3 * minute,
      endless: now + 100 * 365 * day,
      'lock:u': now + day,
      'next:u': now + day,
    })
    const store = openSqliteStore(file, minute)
    const keys = ['ended', 'ending', 'long', 'endless']
    const found = () => Promise.all(keys.map((key) => store.readRecord(key)))
    expect(await found()).toEqual(keys.map((key) => ({ record: `record of ${key}`, ageMs: 0 })))
    expect(await Promise.all(['lock:u', 'next:u'].map((key) => store.readRecord(key)))).toEqual([null, null])
    await vi.advanceTimersByTimeAsync(minute - 1)
    expect(await found()).not.toContain(null)
    await vi.advanceTimersByTimeAsync(2)
    expect((await found()).map((there) => there !== null)).toEqual([false, false, true, true])
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect((await found()).map((there) => there !== null)).toEqual([false, false, false, true])
    await store.close()
    expect(readFileSync(file, 'latin1')).not.toContain('record of lock:u')
    const longest = readRow(file, "SELECT max(ends_at) AS longest FROM records WHERE key = 'endless'")
    expect(longest).toEqual({ longest: 365 * day })
  })

  test('keeps the charges of its records', async () => {
    const store = openTestSqlite(writeEarlierFile(tables, { k: Date.now() + minute }))
    const usedBytes = tables === 'with owners' ? 60 : 0
    const large = { owner: 'one', bytes: 101, limitBytes: 100 }
    expect(await store.claim('l', 'x', minute, large)).toEqual({ state: 'OVER_LIMIT', usedBytes })
  })

  test.each(['DROP TABLE', 'COMMIT'])('is unchanged if the process is killed before the %s', async (word) => {
    const keys = Array.from({ length: 5000 }, (_, n) => `k${n}`)
    const file = writeEarlierFile(tables, Object.fromEntries(keys.map((key) => [key, Date.now() + minute])))
    const killed = openAndDieBefore(file, word)
    expect([killed.stderr, killed.signal]).toEqual(['', 'SIGKILL'])
    const isOld = 'SELECT count(*) AS count, min(expires_at) > 1e12 AS isOld FROM records'
    expect(readRow(file, isOld)).toEqual({ count: 5000, isOld: 1 })
    const store = openSqliteStore(file, minute)
    expect(await store.readRecord('k4999')).toMatchObject({ record: 'record of k4999' })
    await store.close()
    expect(countOf(file)).toBe(5000)
  })
})

test('a file of a later version is refused, and unchanged', () => {
  const file = newSqliteFile()
  const database = new DatabaseSync(file)
  database.exec('PRAGMA user_version = 2; CREATE TABLE records (another INTEGER)')
  database.close()
  expect(() => openSqliteStore(file)).toThrow(`A later version of the gateway has written ${file}`)
  expect(readRow(file, 'SELECT group_concat(name) AS names FROM sqlite_schema')).toEqual({ names: 'records' })
})

test('an earlier version cannot open the file', async () => {
  const file = newSqliteFile()
  const store = openSqliteStore(file)
  await store.claim('k', 'a', minute, charge)
  await store.close()
  const database = new DatabaseSync(file)
  onTestFinished(() => database.close())
  const index = 'CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at, owner, bytes)'
  expect(() => database.exec(index)).toThrow('no such column: expires_at')
})

test('no statement reads more records than it needs', async () => {
  const file = newSqliteFile()
  await openSqliteStore(file).close()
  const database = new DatabaseSync(file)
  onTestFinished(() => database.close())
  const plans = Object.entries(statements).map(([name, sql]) => [
    name,
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail),
  ])
  const byKey = 'SEARCH records USING INDEX sqlite_autoindex_records_1 (key=?)'
  expect(Object.fromEntries(plans)).toEqual({
    select: [byKey],
    upsert: [],
    deleteKey: [byKey],
    deleteExpired: [
      'SEARCH records USING INTEGER PRIMARY KEY (rowid=?)',
      'LIST SUBQUERY 1',
      'SEARCH records USING COVERING INDEX records_end (ends_at<?)',
    ],
    sumUsage: ['SEARCH records USING COVERING INDEX records_end (ends_at>?)'],
  })
})

/** The files of a store that is open, as a crash would leave them. */
function copyOf(file: string): string {
  const copy = newSqliteFile()
  for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix)
  return copy
}

describe('the clock of a file', () => {
  test('is not moved by the wall clock, and stands still while no process has the file', async () => {
    fakeTimers('Date')
    const file = newSqliteFile()
    const first = openSqliteStore(file)
    await first.claim('k', 'a', 3 * minute, charge)
    for (const hours of [25, -50, 25]) {
      vi.setSystemTime(Date.now() + hours * 60 * minute)
      await vi.advanceTimersByTimeAsync(20_000)
      expect(await first.claim('k', 'b', minute, charge)).toMatchObject({ state: 'PRESENT' })
    }
    expect(await first.readRecord('k')).toEqual({ record: 'a', ageMs: 60_000 })
    await first.close()
    await vi.advanceTimersByTimeAsync(60 * minute)
    const second = openTestSqlite(file)
    expect(await second.readRecord('k')).toEqual({ record: 'a', ageMs: 60_000 })
    await vi.advanceTimersByTimeAsync(minute)
    expect(await second.readRecord('k')).toEqual({ record: 'a', ageMs: 120_000 })
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect(await second.readRecord('k')).toBeNull()
  })

  test('loses at most ten seconds in a crash, so that records look younger', async () => {
    fakeTimers()
    const file = newSqliteFile()
    const store = openTestSqlite(file)
    await store.claim('first', 'a', minute, charge)
    await vi.advanceTimersByTimeAsync(28_000)
    await store.claim('last', 'b', minute, charge)
    await vi.advanceTimersByTimeAsync(1000)
    const after = openTestSqlite(copyOf(file))
    const ages = async () =>
      [await after.readRecord('first'), await after.readRecord('last')].map((there) => there?.ageMs)
    expect(await ages()).toEqual([20_000, 0])
    await vi.advanceTimersByTimeAsync(9000)
    expect(await ages()).toEqual([29_000, 1000])
  })
})

test('the memory store uses the monotonic clock, not the wall clock', async () => {
  fakeTimers('Date')
  const store = openMemoryStore()
  onTestFinished(() => store.close())
  await store.claim('k', 'a', minute, charge)
  for (const hours of [25, -50, 25]) {
    vi.setSystemTime(Date.now() + hours * 60 * minute)
    await vi.advanceTimersByTimeAsync(10_000)
  }
  expect(await store.readRecord('k')).toEqual({ record: 'a', ageMs: 30_000 })
  await vi.advanceTimersByTimeAsync(2 * minute)
  expect(await store.readRecord('k')).toBeNull()
})
