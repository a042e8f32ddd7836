/** Comparing times that Callbell wrote with the time at which a request was sent, both on Callbell's clock. */

/** Callbell writes whole seconds: what is created in a second may bear its beginning. */
const secondMs = 1000

/**
 * Whether what bears this time may have been created by a request.
 *
 * @param notBefore Callbell's time when the request was sent, or earlier, in milliseconds since the epoch
 */
export function isSince(createdAt: string | null, notBefore: number): boolean {
  return createdAt !== null && Date.parse(createdAt) >= Math.floor(notBefore / secondMs) * secondMs
}

/** The `Date` header may be a proxy's, whose clock may be ahead of Callbell's. */
const safetyMs = 60_000

/**
 * Whether what bears this time was surely created before a request was sent. Neither this nor `isSince`
 * holds for what was created shortly before.
 */
export function isLongBefore(createdAt: string | null, notBefore: number): boolean {
  return createdAt !== null && Date.parse(createdAt) < notBefore - safetyMs
}
