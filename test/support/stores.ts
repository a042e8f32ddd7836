/** The three stores, each newly opened. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { expect } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import type { StoreOptions } from '../../src/store/open-store.ts'
import { openStore } from '../../src/store/open-store.ts'
import { hasRedis, startRedis } from './redis-server.ts'

const silent = pino({ level: 'silent' })

/** A store that is ready. @param options default: nothing is quarantined */
export async function openTestStore(
  url: string,
  options: StoreOptions = { quarantineMs: 0 },
): Promise<Store> {
  const store = await openStore(url, silent, options)
  // Connecting to Redis takes a moment, in which every call is refused.
  for (;;) {
    try {
      await store.readRecord('ready?')
      return store
    } catch {
      await new Promise(setImmediate)
    }
  }
}

/** A record as a store returns it, of any age. */
export function stored(record: string) {
  const ageMs: unknown = expect.toSatisfy((age) => typeof age === 'number' && age >= 0)
  return { record, ageMs }
}

/** The path of a SQLite file that does not exist yet, in an existing folder. */
export function newSqliteFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'store-')), 'test.db')
}

/** The URL of a new, empty store, by the store's name. */
export const storeUrls: readonly (readonly [string, () => Promise<string>])[] = [
  ['memory', async () => 'memory:'],
  ['sqlite', async () => `sqlite:${join(mkdtempSync(join(tmpdir(), 'store-')), 'deep', 'test.db')}`],
  ...(hasRedis ? [['redis', async () => (await startRedis()).url] as const] : []),
]

if (!hasRedis) process.stderr.write('SKIPPED: no redis-server on the PATH, so nothing is tested with Redis\n')
