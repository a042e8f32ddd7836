/** What a failed attempt to make something means, and when to make the next one. Pure. */
import type { CallbellError } from './errors.ts'

/**
 * - `NOT_SENT`: no byte left.
 * - `REFUSED`: Callbell would not work on it now.
 * - `DEFINITE_NO`: a complete 4xx other than a 408.
 * - `FAILED`: a complete 500. Work was done or not, and is over.
 * - `CUT_OFF`: nobody knows, and Callbell may still be at it for a moment.
 * - `TIMED_OUT`: a 408. It may be about an earlier use of the connection, or come from a proxy behind
 *   which Callbell is still at it. Work was done or not.
 * - `NO_ANSWER`: nobody knows, and Callbell may still be at it for long.
 * - `NOT_UNDERSTOOD`: what answered was not this API (a redirect, no HTTP, a failure of a
 *   megabyte), and would not be the next time.
 * - `HAPPENED`: it was made; only the answer was of no use.
 */
export type AttemptClass =
  | 'NOT_SENT'
  | 'REFUSED'
  | 'DEFINITE_NO'
  | 'FAILED'
  | 'CUT_OFF'
  | 'TIMED_OUT'
  | 'NO_ANSWER'
  | 'NOT_UNDERSTOOD'
  | 'HAPPENED'

/** Places a failed attempt by what provably happened, and by nothing else. */
export function classOf({ code, progress, status = 0, retryAfterMs }: CallbellError): AttemptClass {
  if (progress === 'unsent') return 'NOT_SENT'
  // "2xx done": the status alone says so, however badly the rest arrived.
  if (status >= 200 && status < 300) return 'HAPPENED'
  if (code === 'CALLBELL_TIMEOUT') return 'NO_ANSWER'
  if (code === 'CALLBELL_INVALID_RESPONSE') return 'NOT_UNDERSTOOD'
  if (status === 408) return 'TIMED_OUT'
  if (progress !== 'answered') return 'CUT_OFF'
  // Only a server that refuses work tells when to come back; a 502 or 504 may be the word of a
  // proxy behind which the work is being done.
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) return 'REFUSED'
  if (status >= 400 && status < 500) return 'DEFINITE_NO'
  return status === 500 ? 'FAILED' : 'CUT_OFF'
}

const firstDelayMs = 100
const longestDelayMs = 1000

/**
 * Milliseconds to wait before the next try: twice as long each time, and spread at random between
 * half and all of that, so that those who failed together do not come back together.
 *
 * @param tries how many there have been, from 1
 * @param random from 0 to 1
 */
export function delayAfter(tries: number, random: number): number {
  const longest = Math.min(firstDelayMs * 2 ** (tries - 1), longestDelayMs)
  return longest / 2 + (longest / 2) * random
}
