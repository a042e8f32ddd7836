/** Removes expired records in the background, in batches between which the process does its work. */
import { pruneEveryMs } from './store.ts'

/** Pause between two batches of the same round. */
const pauseMs = 10

/**
 * Starts at once, and then every `pruneEveryMs`. The timer does not keep the process running.
 *
 * @param pruneBatch removes a bounded number of records; returns whether there may be more. What it
 *   throws ends the round: the next one tries again, and `ping` reports a store that can't be written to
 * @returns stops it
 */
export function pruneInBackground(pruneBatch: () => boolean): () => void {
  let timer: NodeJS.Timeout | undefined

  function run(): void {
    let hasMore = false
    try {
      hasMore = pruneBatch()
    } catch {
      // A full disk may not even have room for a deletion.
    }
    timer = setTimeout(run, hasMore ? pauseMs : pruneEveryMs).unref()
  }

  run()
  return () => clearTimeout(timer)
}

/**
 * Visits the entries of a map a few at a time, round after round.
 *
 * @param visit may delete the entry
 * @returns visits up to `atMost` entries; returns whether the round goes on
 */
export function createSweep<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  visit: (key: Key, value: Value) => void,
): (atMost: number) => boolean {
  let rest = map.entries()
  return (atMost) => {
    for (let visited = 0; visited < atMost; visited += 1) {
      const { done, value } = rest.next()
      if (done) {
        rest = map.entries()
        return false
      }
      visit(...value)
    }
    return true
  }
}
