/**
 * The record of a keyed creation in the store, as JSON of at most `maxRecordBytes`. It has no time of a
 * process's clock, only durations. They continue by the age of the record on the store's clock.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { CallbellErrorCode } from '../../domain/callbell-error.ts'
import { callbellErrorCodes } from '../../domain/callbell-error.ts'
import { maxRecordBytes } from '../../store/store.ts'
import type { CreateOperation } from './creation.ts'

/** Records of an earlier version have no lease: none of its calls took longer. */
const maxLeaseMs = 120_000

const common = {
  /** Of the input: the same key must not serve two. */
  fingerprint: z.string(),
  /** Callbell's time when the first attempt was sent, or earlier, in milliseconds since the epoch; null: unknown. */
  notBefore: z.number().nullable().default(null),
}
/** Distinguishes two records with the same content: stores compare records as strings. */
const nonce = z.string().default('')
/** Milliseconds that had passed, when the record was written, since the latest attempt had ended. */
const sinceAttemptMs = z.number().default(0)

const record = z.discriminatedUnion('state', [
  /** A call is in flight, for as long as its lease. */
  z.object({
    state: z.literal('RUNNING'),
    ...common,
    /** The process of the call. */
    owner: z.string(),
    /** Fencing token: one more for each call that takes over the record. */
    token: z.number().default(0),
    nonce,
    /** Milliseconds from the writing of the record. */
    leaseMs: z.number().default(maxLeaseMs),
    /** Null where the call may send; else it only verifies an earlier attempt. */
    sinceAttemptMs: z.number().nullable().default(null),
  }),
  /** `contact` holds what was created, also a note: the name is older than notes. */
  z.object({ state: z.literal('CREATED'), ...common, contact: z.unknown() }),
  /** Created, and too large for a record: it is read from Callbell by its `reference`. */
  z.object({ state: z.literal('REFERENCED'), ...common, reference: z.string() }),
  z.object({
    state: z.literal('APPLIED'),
    ...common,
    code: z.enum(callbellErrorCodes),
    attempts: z.number(),
  }),
  z.object({
    state: z.literal('UNKNOWN'),
    ...common,
    code: z.enum(callbellErrorCodes),
    attempts: z.number(),
    sinceAttemptMs,
    nonce,
  }),
])

export type IdempotencyRecord = z.output<typeof record>
export type RunningRecord = IdempotencyRecord & { readonly state: 'RUNNING' }
export type UnknownRecord = IdempotencyRecord & { readonly state: 'UNKNOWN' }

export function writeRecord(value: IdempotencyRecord): string {
  return JSON.stringify(value)
}

/** @throws if it is not a valid record: another program writes into the same store */
export function readRecord(text: string): IdempotencyRecord {
  return record.parse(JSON.parse(text))
}

/** The fields of every record. */
function commonOf({ fingerprint, notBefore }: IdempotencyRecord) {
  return { fingerprint, notBefore }
}

/**
 * The record of what was created: the whole of it if that fits, else its reference. If not even the reference
 * fits, a repeat of the key learns only that it was created.
 */
export function createdRecord<Made>(
  earlier: IdempotencyRecord,
  { reference }: CreateOperation<Made>,
  made: Made,
): IdempotencyRecord {
  const shared = commonOf(earlier)
  const whole = { ...shared, state: 'CREATED', contact: made } as const
  if (fits(whole)) return whole
  const uuid = reference?.of(made) ?? null
  if (uuid !== null) {
    const referenced = { ...shared, state: 'REFERENCED', reference: uuid } as const
    if (fits(referenced)) return referenced
  }
  return { ...shared, state: 'APPLIED', code: 'CALLBELL_INVALID_RESPONSE', attempts: 1 }
}

/** The record of a call with an unknown outcome. */
export function unknownRecord(
  earlier: IdempotencyRecord,
  failure: { readonly code: CallbellErrorCode; readonly attempts: number },
  sinceMs: number,
): UnknownRecord {
  const { code, attempts } = failure
  const at = { sinceAttemptMs: sinceMs, nonce: randomUUID() }
  return { ...commonOf(earlier), state: 'UNKNOWN', code, attempts, ...at }
}

/** Whether the call that wrote the record can no longer be sending. */
export function isLeaseOver({ leaseMs }: RunningRecord, ageMs: number): boolean {
  return ageMs > leaseMs
}

/**
 * The milliseconds since the latest attempt ended, at least. A call sends and ends within its lease. If it left
 * no result, its attempt ended with the lease at the latest.
 *
 * @param ageMs of the record, on the store's clock
 */
export function sinceAttempt(record_: RunningRecord | UnknownRecord, ageMs: number): number {
  if (record_.sinceAttemptMs !== null) return record_.sinceAttemptMs + ageMs
  return record_.state === 'RUNNING' ? Math.max(0, ageMs - record_.leaseMs) : ageMs
}

function fits(value: IdempotencyRecord): boolean {
  return Buffer.byteLength(writeRecord(value)) <= maxRecordBytes
}
