/** `memory:`: forgets everything when the process ends. */
import type { Store } from './store.ts'
import { pruneEveryMs } from './store.ts'

interface Entry {
  readonly record: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export function openMemoryStore(): Store {
  const entries = new Map<string, Entry>()
  let prunedAt = Date.now()

  function find(key: string): string | null {
    const entry = entries.get(key)
    return entry === undefined || entry.expiresAt <= Date.now() ? null : entry.record
  }

  function put(key: string, record: string, ttlMs: number): void {
    const now = Date.now()
    if (now - prunedAt >= pruneEveryMs) {
      prunedAt = now
      for (const [old, { expiresAt }] of entries) if (expiresAt <= now) entries.delete(old)
    }
    entries.set(key, { record, expiresAt: now + ttlMs })
  }

  return {
    isShared: false,
    async get(key) {
      return find(key)
    },
    async putIfAbsent(key, record, ttlMs) {
      const there = find(key)
      if (there === null) put(key, record, ttlMs)
      return there
    },
    async replace(key, expected, record, ttlMs) {
      const isExpected = find(key) === expected
      if (isExpected) put(key, record, ttlMs)
      return isExpected
    },
    async remove(key, expected) {
      return find(key) === expected && entries.delete(key)
    },
    ping: () => Promise.resolve(),
    async close() {
      entries.clear()
    },
  }
}
