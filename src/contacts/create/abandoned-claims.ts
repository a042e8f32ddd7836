/**
 * Abandoned claims: it is unknown whether the store has written them. Nothing was ever sent under them. A call
 * that finds one continues as if it was not there, and other calls must not wait until its lease ends. A
 * store that hung may still write them, so they are removed as soon as the store answers.
 */
import type { KeyPlace, KeyRecords } from './key-records.ts'

export interface AbandonedClaims {
  add(place: KeyPlace, claim: string): void
  /** Removes a claim. @returns whether it was one of them */
  take(claim: string): boolean
  /** Whether no further claim can be remembered: then no call may write one. */
  isFull(): boolean
}

const tryAgainAfterMs = 1000
/** An outage of the store must not fill the memory: with this number of claims, no further key is claimed. */
const mostRemembered = 10_000
/** Claims in flight when that number is reached are remembered, too: at most this number. */
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
