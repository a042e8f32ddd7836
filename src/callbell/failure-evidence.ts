/** Classifies failed attempts by what they prove, and computes the delay before the next one. Pure. */
import type { CallbellError, CallbellErrorCode } from '../domain/callbell-error.ts'

/**
 * - `NOT_SENT`: no byte was sent.
 * - `RATE_LIMITED`: a 429. The request was not carried out.
 * - `REFUSED`: Callbell refused the request in its own form. It was not carried out.
 * - `AMBIGUOUS`: anything else. The request was carried out, or not, or still may be.
 */
export type AttemptEvidence = 'NOT_SENT' | 'RATE_LIMITED' | 'REFUSED' | 'AMBIGUOUS'

const refusals: ReadonlySet<CallbellErrorCode> = new Set([
  'CALLBELL_UNAUTHORIZED',
  'CALLBELL_PAYMENT_REQUIRED',
  'CALLBELL_REJECTED',
] satisfies CallbellErrorCode[])

/** Classifies a failed attempt only by what is proved. */
export function evidenceOf({ code, progress }: CallbellError): AttemptEvidence {
  if (progress === 'unsent') return 'NOT_SENT'
  if (code === 'CALLBELL_RATE_LIMITED') return 'RATE_LIMITED'
  return refusals.has(code) ? 'REFUSED' : 'AMBIGUOUS'
}

const firstDelayMs = 100
const maxDelayMs = 1000

/**
 * Computes the delay before the next attempt: exponential backoff with jitter between half and all of it,
 * so that calls that failed together do not retry together.
 *
 * @param attempts the number of attempts so far, from 1
 * @param random from 0 to 1
 * @returns milliseconds
 */
export function delayAfter(attempts: number, random: number): number {
  const delayMs = Math.min(firstDelayMs * 2 ** (attempts - 1), maxDelayMs)
  return delayMs / 2 + (delayMs / 2) * random
}
