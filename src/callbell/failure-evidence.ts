/** What a failed attempt proves, and how long to wait before the next one. Pure. */
import type { CallbellError, CallbellErrorCode } from '../domain/callbell-error.ts'

/**
 * - `NOT_SENT`: no byte was sent.
 * - `RATE_LIMITED`: a 429. The request was not carried out.
 * - `DEFINITE_NO`: Callbell refused the request in its own form. It was not carried out.
 * - `AMBIGUOUS`: anything else. The request was carried out, was not, or still may be.
 */
export type AttemptEvidence = 'NOT_SENT' | 'RATE_LIMITED' | 'DEFINITE_NO' | 'AMBIGUOUS'

const refusals: ReadonlySet<CallbellErrorCode> = new Set([
  'CALLBELL_UNAUTHORIZED',
  'CALLBELL_PAYMENT_REQUIRED',
  'CALLBELL_REJECTED',
] satisfies CallbellErrorCode[])

/** Classifies a failed attempt by what is proved, and by nothing else. */
export function evidenceOf({ code, progress }: CallbellError): AttemptEvidence {
  if (progress === 'unsent') return 'NOT_SENT'
  if (code === 'CALLBELL_RATE_LIMITED') return 'RATE_LIMITED'
  return refusals.has(code) ? 'DEFINITE_NO' : 'AMBIGUOUS'
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
