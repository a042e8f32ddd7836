import type { Logger } from '../telemetry/log.ts'
import { openMemoryStore } from './memory.ts'
import type { Store } from './store.ts'

/** Whether several processes may open the same store, each for itself. */
export function isForReplicas(url: string): boolean {
  return /^rediss?:/.test(url)
}

/**
 * Opens the store that `STORE_URL` names. Only what is opened is loaded.
 *
 * @throws if a SQLite file can't be used
 */
export async function openStore(url: string, log: Logger): Promise<Store> {
  if (url === 'memory:') return openMemoryStore()
  if (url.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite.ts')
    return openSqliteStore(url.slice('sqlite:'.length))
  }
  const { openRedisStore } = await import('./redis.ts')
  return openRedisStore(url, log)
}
