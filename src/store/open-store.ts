import type { Logger } from '../domain/logger.ts'
import { openMemoryStore } from './memory.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  /**
   * Milliseconds for which a Redis that is new, or has lost its data, refuses keys that it does not know:
   * an earlier call with such a key may be in flight. 0: it takes them at once.
   */
  readonly quarantineMs: number
  /** Milliseconds for which the records in a SQLite file of an earlier version live at least. */
  readonly ttlMs?: number
}

/**
 * Opens the store that `STORE_URL` names. Only what is opened is loaded.
 *
 * @throws if a SQLite file can't be used, or a Redis is of a kind that is not supported
 */
export async function openStore(url: string, log: Logger, options: StoreOptions): Promise<Store> {
  if (url === 'memory:') return openMemoryStore()
  if (url.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite.ts')
    return openSqliteStore(url.slice('sqlite:'.length), options.ttlMs)
  }
  const { openRedisStore } = await import('./redis.ts')
  return openRedisStore(url, log, options)
}
