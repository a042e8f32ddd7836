/** `memory:`: forgets everything when the process ends. */
import { createSweep, pruneInBackground } from './prune-timer.ts'
import { digestOfOwner, Shares } from './shares.ts'
import type { Charge, Store, StoredRecord } from './store.ts'
import { expiryOfCharged } from './store.ts'

interface Entry {
  readonly record: string
  /** Milliseconds on the clock of `performance.now()`, which no change of the wall clock moves. */
  readonly writtenAt: number
  readonly expiresAt: number
  /** The owner as a digest. */
  readonly charge: Charge | null
}

/** Checked for expiry at a time: about a millisecond of work. */
const batchSize = 5000

export function openMemoryStore(): Store {
  const entries = new Map<string, Entry>()
  const shares = new Shares()

  function find(key: string): Entry | undefined {
    const entry = entries.get(key)
    return entry === undefined || entry.expiresAt <= performance.now() ? undefined : entry
  }

  function storedOf({ record, writtenAt }: Entry): StoredRecord {
    return { record, ageMs: performance.now() - writtenAt }
  }

  function put(key: string, entry: Entry): void {
    entries.set(key, entry)
    const { charge, expiresAt } = entry
    if (charge) shares.add(charge.owner, expiresAt, charge.bytes)
  }

  /** Gives back what the record was charged. */
  function take(key: string, { charge, expiresAt }: Entry): void {
    entries.delete(key)
    if (charge) shares.add(charge.owner, expiresAt, -charge.bytes)
  }

  // The share of an expired record has forgotten it by itself.
  const sweep = createSweep(entries, (key, { expiresAt }) => {
    if (expiresAt <= performance.now()) entries.delete(key)
  })
  const stops = [
    pruneInBackground(() => sweep(batchSize)),
    pruneInBackground(() => shares.pruneBatch(performance.now())),
  ]

  return {
    isShared: false,
    async get(key) {
      const there = find(key)
      return there ? storedOf(there) : null
    },
    async putIfAbsent(key, record, ttlMs) {
      const there = find(key)
      if (there) return storedOf(there)
      const now = performance.now()
      put(key, { record, writtenAt: now, expiresAt: now + ttlMs, charge: null })
      return null
    },
    async claim(key, record, ttlMs, { owner: name, bytes, limitBytes }) {
      const there = find(key)
      if (there) return { state: 'PRESENT', ...storedOf(there) }
      const now = performance.now()
      const owner = digestOfOwner(name)
      const usedBytes = shares.used(owner, now)
      if (limitBytes > 0 && usedBytes + bytes > limitBytes) return { state: 'OVER_LIMIT', usedBytes }
      const expiresAt = expiryOfCharged(now, ttlMs)
      put(key, { record, writtenAt: now, expiresAt, charge: { owner, bytes } })
      return { state: 'PUT' }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const there = find(key)
      if (there?.record !== expected) return false
      take(key, there)
      const now = performance.now()
      put(key, {
        record,
        writtenAt: now,
        expiresAt: charge ? expiryOfCharged(now, ttlMs) : now + ttlMs,
        charge: charge ? { owner: digestOfOwner(charge.owner), bytes: charge.bytes } : null,
      })
      return true
    },
    async remove(key, expected) {
      const there = find(key)
      if (there?.record !== expected) return false
      take(key, there)
      return true
    },
    // Nothing refuses a write here.
    ping: () => Promise.resolve(null),
    async close() {
      for (const stop of stops) stop()
      entries.clear()
    },
  }
}
