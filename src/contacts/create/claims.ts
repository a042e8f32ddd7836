/** Claims of idempotency keys: a call claims its key, sends, and replaces the claim with its outcome. */
import { randomUUID } from 'node:crypto'
import type { CallbellError } from '../../domain/callbell-error.ts'
import type { Logger } from '../../domain/logger.ts'
import type { ContactsError } from '../attempts/failure.ts'
import { leaseMsUntil } from '../locks/lease.ts'
import { withDeadline } from '../locks/require-store.ts'
import type { AbandonedClaims } from './abandoned-claims.ts'
import type { CreateCall } from './attempt-create.ts'
import type { IdempotencyRecord, RunningRecord } from './idempotency-record.ts'
import { writeRecord } from './idempotency-record.ts'
import { leaseLost } from './key-failures.ts'
import type { RecordKey, KeyRecords } from './key-records.ts'

/** One call with its key. */
export interface KeyedCall<Made> extends CreateCall<Made> {
  readonly recordKey: RecordKey
  readonly fingerprint: string
}

/** The result of a call with a key. */
export interface Keyed<Made> {
  readonly made: Made
  /** Whether an earlier call created it. */
  readonly replayed: boolean
}

/**
 * How a claim ended. `TAKEN_OVER`: another process replaced the claim, and its record stays. `UNCERTAIN`:
 * the store did not answer.
 */
export type ClaimEnd = 'DONE' | 'TAKEN_OVER' | 'UNCERTAIN'

export interface Claims {
  /** Names this process in its claims. */
  readonly owner: string
  /**
   * @param token fencing token: one more for each call that takes over the key
   * @param sinceAttemptMs milliseconds since the latest attempt ended; null where the call may send
   * @returns the record of a call that starts now
   */
  write(
    call: KeyedCall<unknown>,
    notBefore: number | null,
    token: number,
    sinceAttemptMs: number | null,
  ): string
  /**
   * Replaces the claim with the outcome. A store that does not answer must not hide the outcome from the
   * caller: the claim stays, and the next call with the key verifies the outcome.
   *
   * @param record null: the key is free again
   */
  finalize(call: KeyedCall<unknown>, claim: string, record: IdempotencyRecord | null): Promise<ClaimEnd>
  /**
   * Frees the key of a call that sent nothing that was carried out.
   *
   * @returns what to throw: `error`, or that another process has taken over the key
   */
  finalizeNotApplied(
    call: KeyedCall<unknown>,
    claim: string,
    error: ContactsError | CallbellError,
  ): Promise<ContactsError | CallbellError>
}

export function createClaims(records: KeyRecords, abandonedClaims: AbandonedClaims, log: Logger): Claims {
  const owner = randomUUID()

  async function finalize(
    { recordKey, context }: KeyedCall<unknown>,
    claim: string,
    record: IdempotencyRecord | null,
  ): Promise<ClaimEnd> {
    const { requestId, deadline } = context
    try {
      const end = await withDeadline(
        deadline,
        record === null ? removeClaim(recordKey, claim) : replaceClaim(recordKey, claim, writeRecord(record)),
      )
      if (end === 'TAKEN_OVER') log.warn({ requestId }, 'another process has taken over an idempotency key')
      return end
    } catch (error) {
      log.warn({ requestId, reason: String(error) }, 'the outcome of a keyed call could not be stored')
      return 'UNCERTAIN'
    }
  }

  async function removeClaim(recordKey: RecordKey, claim: string): Promise<ClaimEnd> {
    if (await records.remove(recordKey, claim)) return 'DONE'
    return (await records.get(recordKey)) === null ? 'DONE' : 'TAKEN_OVER'
  }

  async function replaceClaim(recordKey: RecordKey, claim: string, record: string): Promise<ClaimEnd> {
    if (await records.replace(recordKey, claim, record)) return 'DONE'
    // A store that has lost its records must know this one, or a repeat of the key would send again.
    return (await records.restore(recordKey, record)) ? 'DONE' : 'TAKEN_OVER'
  }

  return {
    owner,
    write({ fingerprint, context }, notBefore, token, sinceAttemptMs) {
      const leaseMs = leaseMsUntil(context.deadline)
      const nonce = randomUUID()
      const common = { fingerprint, notBefore, owner, token, nonce, leaseMs, sinceAttemptMs }
      return writeRecord({ state: 'RUNNING', ...common } satisfies RunningRecord)
    },
    finalize,
    async finalizeNotApplied(call, claim, error) {
      const end = await finalize(call, claim, null)
      // The store may not have removed the claim: a call that finds it continues as if it was not there.
      if (end === 'UNCERTAIN') abandonedClaims.add(call.recordKey, claim)
      return end === 'TAKEN_OVER' ? leaseLost(error) : error
    },
  }
}
