/** Removes expired records in the background, in batches, so that the process works on between them. */
import { pruneEveryMs } from './expiry.ts'

/** Milliseconds between two batches of the same round. */
const pauseMs = 10

/**
 * Starts a round at once, and then every `pruneEveryMs`. The timer does not keep the process running.
 *
 * @param pruneBatch removes a bounded number of records and returns whether there may be more. An error
 *   ends the round; the next round tries again, and `ping` reports a store that cannot be written
 * @returns a function that stops the timer
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
 * Visits the entries of a map in batches, round after round.
 *
 * @param visit may delete the entry
 * @returns a function that visits up to `atMost` entries and returns whether the round continues
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
