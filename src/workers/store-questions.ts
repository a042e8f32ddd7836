/** What a worker asks of the store that the primary has: the operations of `Store`, as data. */
import { z } from 'zod'

const key = z.string()
const record = z.string()
const ttlMs = z.number()
const charge = z.object({ owner: z.string(), bytes: z.number() })

const permitRequest = z.object({
  wanted: z.number(),
  limit: z.number(),
  lifetimeMs: z.number(),
  uncounted: z.number(),
  share: z.number(),
  confirmedAt: z.number(),
  absentAfterMs: z.number(),
  isReset: z.boolean(),
})

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
  z.object({ kind: z.literal('takeTurns'), request: permitRequest }),
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

const stored = z.object({ record, ageMs: z.number() })
export const recordAnswer = stored.nullable()
export const claimAnswer = z.discriminatedUnion('state', [
  z.object({ state: z.literal('PUT') }),
  stored.extend({ state: z.literal('PRESENT') }),
  z.object({ state: z.literal('OVER_LIMIT'), usedBytes: z.number() }),
  z.object({ state: z.literal('REFUSED'), reason: z.string() }),
  z.object({ state: z.literal('QUARANTINED'), retryAfterMs: z.number() }),
])
export const doneAnswer = z.boolean()
export const pingAnswer = z.string().nullable()
export const turnsAnswer = z.object({
  granted: z.number(),
  waitMs: z.number(),
  replicas: z.number(),
  now: z.number(),
  isQuiet: z.boolean(),
})
export const tokensAnswer = z.number()
