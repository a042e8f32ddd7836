/**
 * What the store keeps of a keyed creation, as JSON text of at most `largestRecordBytes`. It holds no time
 * of our clocks: durations only, which go on by the age of the record on the store's clock.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { CallbellErrorCode } from '../../domain/callbell-error.ts'
import { callbellErrorCodes } from '../../domain/callbell-error.ts'
import { largestRecordBytes } from '../../store/store.ts'
import type { CreateOperation } from './creation.ts'

/** Records of an earlier version have no lease: none of its calls took longer. */
const longestLeaseMs = 120_000

const common = {
  /** Of the input: the same key must not serve two. */
  fingerprint: z.string(),
  /** Callbell's time when the first attempt was sent, or earlier, in milliseconds since the epoch; null: unknown. */
  notBefore: z.number().nullable().default(null),
}
/** Tells two records apart that say the same: records are compared as texts. */
const nonce = z.string().default('')
/** Milliseconds that had passed, when the record was written, since the latest attempt had ended. */
const sinceAttemptMs = z.number().default(0)

const record = z.discriminatedUnion('state', [
  /** A call is under way, for as long as its lease. */
  z.object({
    state: z.literal('RUNNING'),
    ...common,
    /** The process of the call. */
    owner: z.string(),
    /** Fencing token: one more for each call that takes the record over. */
    token: z.number().default(0),
    nonce,
    /** Milliseconds from the writing of the record. */
    leaseMs: z.number().default(longestLeaseMs),
    /** Null where the call may send; else it only verifies an earlier attempt. */
    sinceAttemptMs: z.number().nullable().default(null),
  }),
  /** What was made is its `contact`, whatever it is: the name is older than other creations. */
  z.object({ state: z.literal('CREATED'), ...common, contact: z.unknown() }),
  /** Created, and too large for a record: Callbell is asked for it by its `reference`. */
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

/** @throws if the text is no record: someone else writes into the same store */
export function readRecord(text: string): IdempotencyRecord {
  return record.parse(JSON.parse(text))
}

/** What all states have of a record. */
export function commonOf({ fingerprint, notBefore }: IdempotencyRecord) {
  return { fingerprint, notBefore }
}

/**
 * The record of what was made: the whole of it where that fits, else its reference. Where not even the
 * reference fits, a repeated key learns that it was made, and nothing more.
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

/** The record of a call of which it is unknown whether it made anything. */
export function unknownRecord(
  earlier: IdempotencyRecord,
  failure: { readonly code: CallbellErrorCode; readonly attempts: number },
  sinceMs: number,
): UnknownRecord {
  const { code, attempts } = failure
  const at = { sinceAttemptMs: sinceMs, nonce: randomUUID() }
  return { ...commonOf(earlier), state: 'UNKNOWN', code, attempts, ...at }
}

/** Whether the call that wrote the record can't be sending any more. */
export function isLeaseOver({ leaseMs }: RunningRecord, ageMs: number): boolean {
  return ageMs > leaseMs
}

/**
 * Milliseconds that have passed since the latest attempt ended, at least. A call sends and ends within its
 * lease, so of one that left no result the attempt ended with its lease, at the latest.
 *
 * @param ageMs of the record, on the store's clock
 */
export function sinceAttempt(record_: RunningRecord | UnknownRecord, ageMs: number): number {
  if (record_.sinceAttemptMs !== null) return record_.sinceAttemptMs + ageMs
  return record_.state === 'RUNNING' ? Math.max(0, ageMs - record_.leaseMs) : ageMs
}

function fits(value: IdempotencyRecord): boolean {
  return Buffer.byteLength(writeRecord(value)) <= largestRecordBytes
}
