/** What a worker asks of the store that the primary has: the operations of `Store`, as data. */
import { z } from 'zod'

const key = z.string()
const record = z.string()
const ttlMs = z.number()
const charge = z.object({ owner: z.string(), bytes: z.number() })

export const storeQuestion = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('get'), key }),
  z.object({ kind: z.literal('putIfAbsent'), key, record, ttlMs }),
  z.object({
    kind: z.literal('claim'),
    key,
    record,
    ttlMs,
    charge: charge.extend({ limitBytes: z.number() }),
  }),
  z.object({
    kind: z.literal('replace'),
    key,
    expected: record,
    record,
    ttlMs,
    charge: charge.extend({ replacedBytes: z.number() }).optional(),
  }),
  z.object({ kind: z.literal('remove'), key, expected: record, charge: charge.optional() }),
  z.object({ kind: z.literal('takeTurns'), wanted: z.number(), maxRps: z.number(), windowMs: z.number() }),
  z.object({
    kind: z.literal('takeTokens'),
    bucket: z.string(),
    tokens: z.number(),
    mode: z.enum(['IF_THERE', 'ANYWAY']),
    perSecond: z.number(),
    capacity: z.number(),
  }),
  z.object({ kind: z.literal('ping') }),
])

export type StoreQuestion = z.infer<typeof storeQuestion>

export const recordAnswer = record.nullable()
export const claimAnswer = z.discriminatedUnion('state', [
  z.object({ state: z.literal('PUT') }),
  z.object({ state: z.literal('PRESENT'), record }),
  z.object({ state: z.literal('OVER_LIMIT'), usedBytes: z.number() }),
  z.object({ state: z.literal('REFUSED'), reason: z.string() }),
])
export const doneAnswer = z.boolean()
export const turnsAnswer = z.object({ granted: z.number(), waitMs: z.number(), replicas: z.number() })
export const tokensAnswer = z.number()
