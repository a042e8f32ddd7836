/** `memory:`: forgets everything when the process ends. */
import { createSweep, pruneInBackground } from './prune-timer.ts'
import { digestOfOwner, Shares } from './shares.ts'
import type { Charge, Store } from './store.ts'
import { expiryOfCharged } from './store.ts'

interface Entry {
  readonly record: string
  /** Milliseconds since the epoch. */
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
    return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry
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
    if (expiresAt <= Date.now()) entries.delete(key)
  })
  const stops = [
    pruneInBackground(() => sweep(batchSize)),
    pruneInBackground(() => shares.pruneBatch(Date.now())),
  ]

  return {
    isShared: false,
    async get(key) {
      return find(key)?.record ?? null
    },
    async putIfAbsent(key, record, ttlMs) {
      const there = find(key)
      if (there === undefined) put(key, { record, expiresAt: Date.now() + ttlMs, charge: null })
      return there?.record ?? null
    },
    async claim(key, record, ttlMs, { owner: name, bytes, limitBytes }) {
      const there = find(key)
      if (there) return { state: 'PRESENT', record: there.record }
      const now = Date.now()
      const owner = digestOfOwner(name)
      const usedBytes = shares.used(owner, now)
      if (limitBytes > 0 && usedBytes + bytes > limitBytes) return { state: 'OVER_LIMIT', usedBytes }
      put(key, { record, expiresAt: expiryOfCharged(now, ttlMs), charge: { owner, bytes } })
      return { state: 'PUT' }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const there = find(key)
      if (there?.record !== expected) return false
      take(key, there)
      const now = Date.now()
      put(key, {
        record,
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
    ping: () => Promise.resolve(),
    async close() {
      for (const stop of stops) stop()
      entries.clear()
    },
  }
}
