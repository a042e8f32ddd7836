/** The file that a SQLite store keeps: who may read it, and what is left in it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { pruneEveryMs } from '../../src/store/store.ts'
import { newSqliteFile } from '../support/stores.ts'

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

/** How many records the file of a closed store holds. */
function countOf(file: string): unknown {
  const database = new DatabaseSync(file)
  try {
    return database.prepare('SELECT count(*) AS count FROM records').get()?.['count']
  } finally {
    database.close()
  }
}

/** Opens a store in a process of its own, which says so if it could, and has nothing else to do. */
function runInProcess(module: string, open: string) {
  const url = new URL(`../../src/store/${module}.ts`, import.meta.url)
  const script = `import * as store from '${url}'; store.${open}; console.log('open')`
  const options = { encoding: 'utf8', timeout: 20_000 } as const
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], options)
}

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

test.each([0o000, 0o022, 0o277])('its files are for their owner alone with the umask %o', async (mask) => {
  const file = newSqliteFile()
  chmodSync(dirname(file), 0o777)
  const before = process.umask(mask)
  onTestFinished(() => void process.umask(before))
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  await store.putIfAbsent('k', 'a', minute)
  expect(modesOf(file)).toEqual({ '': '600', '-wal': '600' })
})

test('files of an earlier version that others may read are narrowed', async () => {
  const file = newSqliteFile()
  const database = new DatabaseSync(file)
  database.exec(
    'CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID; PRAGMA journal_mode = WAL',
  )
  database.close()
  // As a process that died leaves them.
  for (const suffix of ['-wal', '-shm', '-journal']) writeFileSync(file + suffix, '')
  for (const suffix of ['', '-wal', '-shm', '-journal']) chmodSync(file + suffix, 0o666)
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  await store.putIfAbsent('k', 'a', minute)
  expect(new Set(Object.values(modesOf(file)))).toEqual(new Set(['600']))
})

test('a second store that is refused leaves the first one its locks', () => {
  const file = newSqliteFile()
  const store = openSqliteStore(file)
  onTestFinished(() => store.close())
  expect(() => openSqliteStore(file)).toThrow('another process uses')
  const { stderr } = runInProcess('sqlite', `openSqliteStore(${JSON.stringify(file)})`)
  expect(stderr).toContain(`another process uses ${file}`)
})

test('expired records are removed by a timer, a batch at a time, and nothing of them is left in the files', async () => {
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

test('what expired while the gateway was off is removed at its start, and a batch of it at once', async () => {
  fakeTimers()
  const file = newSqliteFile()
  const first = openSqliteStore(file)
  for (let n = 0; n < 250; n += 1) await first.claim(`k${n}`, 'x', 1000, charge)
  await first.close()
  vi.setSystemTime(Date.now() + minute)
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
