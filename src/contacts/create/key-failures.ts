/** The failures of calls with an idempotency key. */
import type { CallbellError } from '../../domain/callbell-error.ts'
import { ContactsError } from '../attempts/failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'

/** The details of a failure that are not in the record of the key. */
export interface KeyFailureDetails {
  /** Whether the same call may learn more later. */
  readonly retryable: boolean
  /** Milliseconds. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

export function failureOf(
  {
    state,
    code,
    attempts,
  }: Pick<IdempotencyRecord & { state: 'UNKNOWN' | 'APPLIED' }, 'state' | 'code' | 'attempts'>,
  { retryable, retryAfterMs, cause }: KeyFailureDetails,
): ContactsError {
  return new ContactsError(code, `the outcome of a keyed call is ${state}`, {
    outcome: state,
    attempts,
    retryable,
    retryAfterMs: retryable ? retryAfterMs : undefined,
    cause,
  })
}

/** A repeat makes sense after this time at the earliest, … */
const minRetryMs = 1000
/** … and at first after this time. The wait of later repeats is the time that has passed. */
const firstRetryMs = 5000

/**
 * When a repeat may resolve an unknown outcome: soon, as a late creation may be found by then, and at the latest
 * when the request may be sent again.
 *
 * @param sinceMs milliseconds since the latest attempt ended
 * @param resendAfterMs milliseconds after which a request may be sent again
 */
export function retryAfterUnknown(sinceMs: number, resendAfterMs: number): number {
  const leftMs = resendAfterMs - sinceMs
  const backoffMs = Math.max(firstRetryMs, sinceMs)
  return leftMs > 0 ? Math.min(Math.max(minRetryMs, leftMs), backoffMs) : firstRetryMs
}

export function isOfCallbell(code: ContactsError['code']): code is CallbellError['code'] {
  return code.startsWith('CALLBELL_')
}

export function keyReused(): ContactsError {
  return new ContactsError('IDEMPOTENCY_KEY_REUSED', 'the key was used with another input', {
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
}

/** This call sent nothing that was carried out. Another process has taken over its key, and may have. */
export function leaseLost(error: ContactsError | CallbellError): ContactsError {
  return new ContactsError(error.code, 'another process has taken over the key', {
    outcome: 'UNKNOWN',
    retryable: true,
    retryAfterMs: minRetryMs,
    cause: error,
  })
}

/** @param retryAfterMs until keys that the store does not know are accepted */
export function quarantined(retryAfterMs: number): ContactsError {
  const seconds = Math.ceil(retryAfterMs / 1000).toLocaleString('en-US')
  const message = `The gateway’s store is new or has lost its records. For ${seconds} more seconds it accepts no idempotency key that it does not know: an earlier call with the key may still be in flight.`
  return new ContactsError('STORE_UNAVAILABLE', message, {
    outcome: 'UNKNOWN',
    retryable: true,
    retryAfterMs,
    isMessageShown: true,
  })
}

/**
 * A new key that exceeds the store quota of its caller.
 *
 * @param usedBytes what the caller's keys use
 * @param neededBytes what the new key may need
 */
export function quotaExceeded(usedBytes: number, neededBytes: number, limitBytes: number): ContactsError {
  const [used, needed, limit] = [usedBytes, neededBytes, limitBytes].map((bytes) =>
    bytes.toLocaleString('en-US'),
  )
  const message = `This caller’s idempotency keys use ${used} bytes of the gateway’s store, and a new one may need ${needed}; the limit is ${limit} bytes`
  return new ContactsError('STORE_QUOTA_EXCEEDED', message, { outcome: 'NOT_APPLIED', retryable: true })
}

/** A new key that the store refused to write, and has no record of. @param reason of the store, for the log */
export function claimRefused(reason: string): ContactsError {
  return new ContactsError('STORE_UNAVAILABLE', 'The gateway’s store accepts no new idempotency keys', {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
    cause: new Error(reason),
  })
}

/** A store that hung may still write too many abandoned claims: no further claim is written. */
export function tooManyClaims(): ContactsError {
  return new ContactsError('STORE_UNAVAILABLE', 'too many claims of the store are abandoned', {
    outcome: 'UNKNOWN',
    retryable: true,
  })
}
