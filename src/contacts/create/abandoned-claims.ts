/**
 * Abandoned claims: it is unknown whether the store has written them. Nothing was ever sent under them. A call
 * that finds one continues as if it was not there, and other calls must not wait until its lease ends. A
 * store that hung may still write them, so they are removed as soon as the store answers.
 */
import type { RecordKey, KeyRecords } from './key-records.ts'

export interface AbandonedClaims {
  add(recordKey: RecordKey, claim: string): void
  /** Removes a claim. @returns whether it was one of them */
  take(claim: string): boolean
  /** Whether no further claim can be remembered: then no call may write one. */
  isFull(): boolean
}

const tryAgainAfterMs = 1000
/** An outage of the store must not fill the memory: with this number of claims, no further key is claimed. */
const maxRemembered = 10_000
/** Claims in flight when that number is reached are remembered, too: at most this number. */
const maxInFlight = 10_000

export function createAbandonedClaims(records: Pick<KeyRecords, 'remove'>): AbandonedClaims {
  const recordKeys = new Map<string, RecordKey>()
  let isRemoving = false

  async function removeAll(): Promise<void> {
    for (const [claim, recordKey] of recordKeys) {
      await records.remove(recordKey, claim)
      recordKeys.delete(claim)
    }
    isRemoving = false
  }

  function removeLater(): void {
    isRemoving = true
    setTimeout(() => void removeAll().catch(removeLater), tryAgainAfterMs).unref()
  }

  return {
    add(recordKey, claim) {
      if (recordKeys.size < maxRemembered + maxInFlight) recordKeys.set(claim, recordKey)
      if (!isRemoving) removeLater()
    },
    take: (claim) => recordKeys.delete(claim),
    isFull: () => recordKeys.size >= maxRemembered,
  }
}
