/** The failures of calls with an idempotency key. */
import type { CallbellError } from '../callbell/errors.ts'
import { ContactsFailure } from './failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import type { Sending } from './sender.ts'

/** With a key an unknown outcome may be asked for again, as long as Callbell can be asked. */
export function failureOf(
  { state, code, attempts }: IdempotencyRecord & { state: 'APPLIED' | 'UNKNOWN' },
  { creation }: Sending<unknown>,
  retryAfterMs?: number,
  cause?: unknown,
): ContactsFailure {
  const isRetryable = state === 'UNKNOWN' && creation.canBeLookedUp
  return new ContactsFailure(code, `the outcome of a keyed call is ${state}`, {
    outcome: state,
    attempts,
    retryable: isRetryable,
    retryAfterMs: isRetryable ? retryAfterMs : undefined,
    cause,
  })
}

export function isOfCallbell(code: ContactsFailure['code']): code is CallbellError['code'] {
  return code.startsWith('CALLBELL_')
}

export function reused(): ContactsFailure {
  return new ContactsFailure('IDEMPOTENCY_KEY_REUSED', 'the key was used with another input', {
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
}

/**
 * A new key that its caller's share has no room for.
 *
 * @param usedBytes what the caller's keys use
 * @param neededBytes what the new key may need
 */
export function overShare(usedBytes: number, neededBytes: number, limitBytes: number): ContactsFailure {
  const [used, needed, limit] = [usedBytes, neededBytes, limitBytes].map((bytes) =>
    bytes.toLocaleString('en-US'),
  )
  const message = `This caller’s idempotency keys use ${used} bytes of the gateway’s store, and a new one may need ${needed}; the limit is ${limit} bytes`
  return new ContactsFailure('STORE_QUOTA_EXCEEDED', message, { outcome: 'NOT_APPLIED', retryable: true })
}

/** A new key that the store refused to write, and has no record of. @param reason the store's own words */
export function claimRefused(reason: string): ContactsFailure {
  return new ContactsFailure('STORE_UNAVAILABLE', 'The gateway’s store accepts no new idempotency keys', {
    outcome: 'NOT_APPLIED',
    retryable: true,
    isMessageShown: true,
    cause: new Error(reason),
  })
}
