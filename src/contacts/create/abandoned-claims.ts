/**
 * Claims of which the store did not tell whether it has them. Nothing was ever sent under them: who
 * finds one may go on as if it was not there, and others must not wait until it runs out. A store
 * that hung may put them down when it goes on, so they are removed as soon as it answers again.
 */
import type { KeyPlace, KeyRecords } from './key-records.ts'

export interface AbandonedClaims {
  add(place: KeyPlace, claim: string): void
  /** Whether it was one of them; from here on it is not. */
  take(claim: string): boolean
  /** Whether no further claim can be remembered: then none is to be written. */
  isFull(): boolean
}

const tryAgainAfterMs = 1000
/** An outage of the store must not fill the memory: while so many are remembered, no key is claimed. */
const mostRemembered = 10_000
/** Claims that are under way when the last place is taken are remembered as well: this many at most. */
const mostInFlight = 10_000

export function createAbandonedClaims(records: Pick<KeyRecords, 'remove'>): AbandonedClaims {
  const places = new Map<string, KeyPlace>()
  let isRemoving = false

  async function removeAll(): Promise<void> {
    for (const [claim, place] of places) {
      await records.remove(place, claim)
      places.delete(claim)
    }
    isRemoving = false
  }

  function removeLater(): void {
    isRemoving = true
    setTimeout(() => void removeAll().catch(removeLater), tryAgainAfterMs).unref()
  }

  return {
    add(place, claim) {
      if (places.size < mostRemembered + mostInFlight) places.set(claim, place)
      if (!isRemoving) removeLater()
    },
    take: (claim) => places.delete(claim),
    isFull: () => places.size >= mostRemembered,
  }
}
