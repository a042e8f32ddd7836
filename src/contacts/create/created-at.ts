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

/** A proxy may have written the `Date` header, and its clock may be ahead of Callbell's by this time. */
const maxClockSkewMs = 60_000

/**
 * Whether something with this time was certainly created before a request was sent. For something that was
 * created less than a minute before, that is not certain: this is false, and so is `isSince`.
 *
 * @param notBefore as for `isSince`
 */
export function isLongBefore(createdAt: string | null, notBefore: number): boolean {
  return createdAt !== null && Date.parse(createdAt) < notBefore - maxClockSkewMs
}
