/** What the store keeps of a keyed creation, as JSON text of at most `largestRecordBytes`. */
import { z } from 'zod'
import type { CallbellErrorCode } from '../callbell/errors.ts'
import { callbellErrorCodes } from '../callbell/errors.ts'
import { largestRecordBytes } from '../store/store.ts'
import type { Creation } from './creation.ts'

/** So long after an attempt began, Callbell is not at it any more: what is not there now will not come. */
const forgottenAfterMs = 30_000

const shared = {
  /** Of the input: the same key must not serve two. */
  fingerprint: z.string(),
  /** When the first and the latest attempt began, in milliseconds since the epoch. */
  firstBegan: z.number(),
  lastBegan: z.number(),
}

const record = z.discriminatedUnion('state', [
  /** Being sent. After `leaseUntil` nobody can be at it any more. */
  z.object({ state: z.literal('RUNNING'), ...shared, owner: z.string(), leaseUntil: z.number() }),
  /** What was made is its `contact`, whatever it is: the name is older than other creations. */
  z.object({ state: z.literal('CREATED'), ...shared, contact: z.unknown() }),
  /** Created, and too large for a record: Callbell is asked for it by its `reference`. */
  z.object({ state: z.literal('REFERENCED'), ...shared, reference: z.string() }),
  z.object({
    state: z.literal('APPLIED'),
    ...shared,
    code: z.enum(callbellErrorCodes),
    attempts: z.number(),
  }),
  z.object({
    state: z.literal('UNKNOWN'),
    ...shared,
    code: z.enum(callbellErrorCodes),
    attempts: z.number(),
  }),
])

export type IdempotencyRecord = z.output<typeof record>

export function writeRecord(value: IdempotencyRecord): string {
  return JSON.stringify(value)
}

/** @throws if the text is no record: someone else writes into the same store */
export function readRecord(text: string): IdempotencyRecord {
  return record.parse(JSON.parse(text))
}

/** What all states have of a record. */
export function commonOf({ fingerprint, firstBegan, lastBegan }: IdempotencyRecord) {
  return { fingerprint, firstBegan, lastBegan }
}

/**
 * The record of what was made: the whole of it where that fits, else its reference. Where not even the
 * reference fits, a repeated key learns that it was made, and nothing more.
 */
export function createdRecord<Made>(
  earlier: IdempotencyRecord,
  { reference }: Creation<Made>,
  made: Made,
): IdempotencyRecord {
  const common = commonOf(earlier)
  const whole = { ...common, state: 'CREATED', contact: made } as const
  if (fits(whole)) return whole
  const uuid = reference?.of(made) ?? null
  if (uuid !== null) {
    const referenced = { ...common, state: 'REFERENCED', reference: uuid } as const
    if (fits(referenced)) return referenced
  }
  return { ...common, state: 'APPLIED', code: 'CALLBELL_INVALID_RESPONSE', attempts: 1 }
}

/** The record of a call of which it is unknown whether it made anything. */
export function unknownRecord(earlier: IdempotencyRecord, code: CallbellErrorCode, attempts: number) {
  return { ...commonOf(earlier), state: 'UNKNOWN', code, attempts } as const
}

/** Milliseconds until Callbell can't be at an attempt any more. */
export function untilForgotten({ lastBegan }: IdempotencyRecord): number {
  return Math.max(0, forgottenAfterMs - (Date.now() - lastBegan))
}

function fits(value: IdempotencyRecord): boolean {
  return Buffer.byteLength(writeRecord(value)) <= largestRecordBytes
}
