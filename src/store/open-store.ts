import type { Logger } from '../domain/logger.ts'
import { openMemoryStore } from './memory.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  /**
   * Milliseconds for which a Redis that is new, or has lost its data, refuses keys that it does not know. An
   * earlier call with such a key may still be in flight. 0: it accepts them at once.
   */
  readonly quarantineMs: number
  /** Minimum life of the records in a SQLite file of an earlier version, in milliseconds. Default: a day */
  readonly ttlMs?: number
}

/**
 * Opens the store that `STORE_URL` names. Only the code of that kind of store is loaded.
 *
 * @throws if a SQLite file cannot be used, or a Redis is of an unsupported kind
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
