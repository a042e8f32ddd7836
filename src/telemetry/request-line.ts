/** The one line that a GraphQL request leaves in the log. */
import { hash } from 'node:crypto'
import type { FieldActivity, FieldEnd } from './field-activity.ts'
import { round } from './field-activity.ts'
import type { LogLevel } from '../domain/logger.ts'
import type { RecordedField, RequestRecord } from './request-record.ts'

type Level = Extract<LogLevel, 'error' | 'warn' | 'info'>

/** What the caller is to mend, and not the operator. */
const callersMistakes: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'CALLBELL_REJECTED',
  'CONFLICT',
  'IDEMPOTENCY_KEY_REUSED',
])
/** A list of many contacts may have as many fields that failed each in its own way. */
const mostFields = 12
/** Requests of one field. */
const mostResults = 20

/** @returns how much the operator is to mind, and in which words it is told */
export function headlineOf({ hasBug, code, fields }: RequestRecord): readonly [Level, string] {
  // The bug itself has a line of its own, and of the level `error`.
  if (hasBug) return ['warn', 'a call failed']
  if (code === undefined) return ['info', 'a request was answered']
  if (code === 'AUTHENTICATION_UNAVAILABLE') return ['warn', 'a caller was turned away']
  if (code === 'UNAUTHENTICATED') return ['info', 'a caller was turned away']
  if (fields.length === 0) return ['info', 'a request was refused']
  const isOurs = fields.some(
    ({ end }) => end.outcome === 'UNKNOWN' || (isFailure(end) && !callersMistakes.has(end.code)),
  )
  return [isOurs ? 'warn' : 'info', 'a call failed']
}

/** @returns the line's fields, without whatever is not known */
export function lineOf(record: RequestRecord, status: number, durationMs: number): object {
  const { requestId, traceId, caller, address, operation, code, reason, fields } = record
  const entries = summarise(fields)
  return {
    requestId,
    traceId,
    caller,
    address: caller === undefined ? address : undefined,
    operation: operation?.name,
    type: operation?.type,
    hash: operation && hash('sha256', operation.text).slice(0, 16),
    status,
    callerGone: record.isCallerGone || undefined,
    code,
    reason,
    durationMs: round(durationMs),
    fields: entries.length === 0 ? undefined : entries.slice(0, mostFields),
  }
}

function isFailure({ code }: FieldEnd): boolean {
  return code !== 'OK' && code !== 'USER_ERROR'
}

/** Fields that ended alike are one entry: a list may ask for something of each of fifty contacts. */
function summarise(fields: readonly RecordedField[]): object[] {
  const alike = Map.groupBy(fields, ({ field, end }) => `${field.name} ${end.outcome} ${end.code}`)
  return [...alike.values()].map((group) => {
    const [detail] = group.flatMap((one) => one.end.detail ?? [])
    const all = group.map(({ field }) => field)
    const [{ field: first, end } = { field: undefined, end: undefined }] = group
    return {
      field: first?.name,
      times: group.length === 1 ? undefined : group.length,
      outcome: end?.outcome,
      code: end?.code,
      requests: sum(all, ({ requests }) => requests),
      retries: sum(all, ({ retries }) => retries) || undefined,
      results: all.flatMap(({ results }) => results).slice(0, mostResults),
      queueMs: round(sum(all, ({ queueMs }) => queueMs)),
      upstreamMs: round(sum(all, ({ upstreamMs }) => upstreamMs)),
      key: first?.key,
      look: first?.look,
      failure: detail,
    }
  })
}

function sum(fields: readonly FieldActivity[], of: (field: FieldActivity) => number): number {
  return fields.reduce((total, field) => total + of(field), 0)
}
