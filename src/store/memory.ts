/** `memory:`: forgets everything when the process ends. */
import type { Row } from './local-records.ts'
import { createLocalRecords } from './local-records.ts'
import { createLocks } from './locks.ts'
import { createSweep, pruneInBackground } from './prune-timer.ts'
import { QuotaUsage } from './quota-usage.ts'
import type { Store } from './store.ts'

/** No change of the wall clock moves it. */
const now = (): number => performance.now()
/** Records checked for expiry in one batch: about a millisecond of work. */
const batchSize = 5000

export function openMemoryStore(): Store {
  const rows = new Map<string, Row>()
  const usage = new QuotaUsage()
  const records = createLocalRecords(
    {
      now,
      select(key) {
        const row = rows.get(key)
        return row === undefined || row.expiresAt <= now() ? undefined : row
      },
      upsert: (key, row) => void rows.set(key, row),
      delete: (key) => void rows.delete(key),
    },
    usage,
  )

  // `usage` removes the charges of expired records by itself.
  const sweep = createSweep(rows, (key, { expiresAt }) => {
    if (expiresAt <= now()) rows.delete(key)
  })
  const stops = [pruneInBackground(() => sweep(batchSize)), pruneInBackground(() => usage.pruneBatch(now()))]

  return {
    ...records,
    ...createLocks(records),
    // Writes to memory are never refused.
    ping: () => Promise.resolve(null),
    async close() {
      for (const stop of stops) stop()
      rows.clear()
    },
  }
}
