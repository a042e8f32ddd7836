/** Reads the `Retry-After` header. Pure. */

/** Longer waits are cut to this: a broken proxy must not make callers wait for an hour. */
const longestMs = 60_000

/** RFC 9110, 5.6.7: the one form of a date that may be written today. */
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/**
 * @param header seconds or an HTTP date (RFC 9110, 10.2.3)
 * @param answerDate the `Date` header of the same answer: a date is read by the clock that wrote it, as ours may differ
 * @returns milliseconds to wait, from 0 to 60,000; undefined where the header is missing or garbage, and
 *   for a date without an `answerDate`
 */
export function parseRetryAfter(
  header: string | undefined,
  answerDate: string | undefined,
): number | undefined {
  if (header === undefined) return undefined
  // RFC 9110, 5.5: whitespace around a value is not part of it. undici leaves what follows the value.
  const value = header.trim()
  if (/^\d{1,10}$/.test(value)) return Math.min(Number(value) * 1000, longestMs)
  const waitMs = timeOf(value) - timeOf(answerDate ?? '')
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), longestMs)
}

/** @returns milliseconds since the epoch; NaN where it is no HTTP date */
function timeOf(header: string): number {
  const date = header.trim()
  return httpDate.test(date) ? Date.parse(date) : Number.NaN
}
