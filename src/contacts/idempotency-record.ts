/** What the store keeps of a keyed creation, as JSON text. */
import { z } from 'zod'
import { callbellErrorCodes } from '../callbell/errors.ts'

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
