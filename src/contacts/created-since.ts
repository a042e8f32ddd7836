/** Comparing Callbell's times with ours. */

/**
 * Whether what bears this time may have been created since a moment of ours.
 *
 * @param moment in milliseconds since the epoch on our clock
 * @param clockLeadMs by how much Callbell's clock is ahead of ours, as one of its answers tells
 */
export function isSince(createdAt: string | null, moment: number, clockLeadMs: number): boolean {
  return createdAt !== null && Date.parse(createdAt) >= secondOf(moment + leadOf(clockLeadMs))
}

/**
 * Whether what bears this time was surely created before a moment of ours. Neither this
 * nor `isSince` holds for the two seconds before it, in which a lead can't be told from none.
 */
export function isBefore(createdAt: string | null, moment: number, clockLeadMs: number): boolean {
  if (createdAt === null) return false
  return Date.parse(createdAt) < secondOf(moment + leadOf(clockLeadMs)) - leastLeadMs
}

/** By so much clocks that are kept in step may differ. */
const leewayMs = 250

/** Callbell writes whole seconds, so what is created in this second may bear a time before the moment. */
function secondOf(moment: number): number {
  return Math.floor((moment - leewayMs) / 1000) * 1000
}

/** A lead of less than this is within what whole seconds and the way of the answer make of none. */
const leastLeadMs = 2000

function leadOf(clockLeadMs: number): number {
  return Math.abs(clockLeadMs) < leastLeadMs ? 0 : clockLeadMs
}
