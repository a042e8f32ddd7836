/** Reads the `Retry-After` header. Pure. */

/** A longer delay is cut to this: a broken proxy must not make callers wait for an hour. */
const maxDelayMs = 60_000

/** RFC 9110, 5.6.7: the only date format that senders may generate. */
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/**
 * @param header seconds or an HTTP date (RFC 9110, 10.2.3)
 * @param answerDate the `Date` header of the same answer: a date is compared with the clock that wrote it
 * @returns milliseconds to wait, from 0 to 60,000; undefined if the header is missing or invalid, or is a
 *   date without an `answerDate`
 */
export function parseRetryAfter(
  header: string | undefined,
  answerDate: string | undefined,
): number | undefined {
  if (header === undefined) return undefined
  // RFC 9110, 5.5: whitespace around a value is not part of it. undici does not remove trailing whitespace.
  const value = header.trim()
  if (/^\d{1,10}$/.test(value)) return Math.min(Number(value) * 1000, maxDelayMs)
  const waitMs = timeOf(value) - timeOf(answerDate ?? '')
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxDelayMs)
}

/** @returns milliseconds since the epoch; NaN if it is not a valid HTTP date */
function timeOf(header: string): number {
  const date = header.trim()
  return httpDate.test(date) ? Date.parse(date) : Number.NaN
}
