/**
 * Claims of which the store did not tell whether it has them. Nothing was ever sent under them: who
 * finds one may go on as if it was not there, and others must not wait until it runs out. A store
 * that hung may put them down when it goes on, so they are removed as soon as it answers again.
 */
import type { Store } from '../store/store.ts'

export interface UnsentClaims {
  /** @param id the key's place in the store */
  add(id: string, claim: string): void
  /** Whether it was one of them; from here on it is not. */
  take(claim: string): boolean
}

const tryAgainAfterMs = 1000
/** An outage of the store must not fill the memory. */
const mostRemembered = 10_000

export function createUnsentClaims(store: Pick<Store, 'remove'>): UnsentClaims {
  const places = new Map<string, string>()
  let isRemoving = false

  async function removeAll(): Promise<void> {
    for (const [claim, id] of places) {
      await store.remove(id, claim)
      places.delete(claim)
    }
    isRemoving = false
  }

  function removeLater(): void {
    isRemoving = true
    setTimeout(() => void removeAll().catch(removeLater), tryAgainAfterMs).unref()
  }

  return {
    add(id, claim) {
      if (places.size < mostRemembered) places.set(claim, id)
      if (!isRemoving) removeLater()
    },
    take: (claim) => places.delete(claim),
  }
}
