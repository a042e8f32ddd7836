/** When records expire, and how often stores without an expiry of their own remove them. */

/** The pause between two removals of expired records, in milliseconds. */
export const pruneEveryMs = 60_000

/** The time to live is divided into this many steps. Charged records expire at the end of a step. */
export const expirySteps = 24

/**
 * When a charged record expires. An owner's records expire at a few dozen moments only, so that its quota
 * needs one sum for each moment instead of an entry for each record.
 *
 * @param now milliseconds on the store's clock
 * @returns milliseconds on the same clock
 */
export function expiryOfCharged(now: number, ttlMs: number): number {
  const stepMs = Math.ceil(ttlMs / expirySteps)
  return Math.ceil((now + ttlMs) / stepMs) * stepMs
}
