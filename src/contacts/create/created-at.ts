/** Comparing times that Callbell wrote with the time at which a request was sent, both on Callbell's clock. */

/** Callbell writes whole seconds: something created within a second may have the time of its start. */
const secondMs = 1000

/**
 * Whether something with this time may have been created by a request.
 *
 * @param notBefore Callbell's time when the request was sent, or earlier, in milliseconds since the epoch
 */
export function isSince(createdAt: string | null, notBefore: number): boolean {
  return createdAt !== null && Date.parse(createdAt) >= Math.floor(notBefore / secondMs) * secondMs
}

/** The `Date` header may be a proxy's, whose clock may be ahead of Callbell's. */
const safetyMs = 60_000

/**
 * Whether something with this time was certainly created before a request was sent. Neither this nor `isSince`
 * is true for something that was created shortly before.
 */
export function isLongBefore(createdAt: string | null, notBefore: number): boolean {
  return createdAt !== null && Date.parse(createdAt) < notBefore - safetyMs
}
