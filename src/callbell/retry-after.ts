/** Reads the `Retry-After` header. Pure. */

/** Longer waits than this are taken for this: no caller is told to wait an hour by a broken proxy. */
const longestMs = 60_000

/**
 * @param header seconds or an HTTP date (RFC 9110, 10.2.3)
 * @param now milliseconds since the epoch
 * @returns milliseconds to wait, from 0 to 60,000; undefined where the header is missing or garbage
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,10}$/.test(header)) return Math.min(Number(header) * 1000, longestMs)
  const date = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(header)
    ? Date.parse(header)
    : Number.NaN
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), longestMs)
}
