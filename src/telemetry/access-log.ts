/** The access log: one line for each GraphQL request. */
import { hash } from 'node:crypto'
import type { FieldRecorder, FieldEnd } from './field-recorder.ts'
import { round } from './field-recorder.ts'
import type { LogLevel } from '../domain/logger.ts'
import type { RecordedField, RequestRecord } from './request-record.ts'

type Level = Extract<LogLevel, 'error' | 'warn' | 'info'>

/** Errors that the caller can fix, not the operator. */
const callerErrors: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'CALLBELL_REJECTED',
  'CONFLICT',
  'IDEMPOTENCY_KEY_REUSED',
])
/** In a list of many contacts, each field can fail in its own way. */
const maxFields = 12
/** Results of one field's requests. */
const maxResults = 20

/** @returns the level and the message */
export function classify({ hasUnexpectedError, code, fields }: RequestRecord): readonly [Level, string] {
  // The error itself has a log entry of its own, with level `error`.
  if (hasUnexpectedError) return ['warn', 'a call failed']
  if (code === undefined) return ['info', 'a request was answered']
  if (code === 'AUTHENTICATION_UNAVAILABLE') return ['warn', 'a caller was not authenticated']
  if (code === 'UNAUTHENTICATED') return ['info', 'a caller was not authenticated']
  if (fields.length === 0) return ['info', 'a request was refused']
  const isForOperator = fields.some(
    ({ end }) => end.outcome === 'UNKNOWN' || (isFailure(end) && !callerErrors.has(end.code)),
  )
  return [isForOperator ? 'warn' : 'info', 'a call failed']
}

/** @returns the fields of the log entry. The log omits undefined ones */
export function accessLogEntry(record: RequestRecord, status: number, durationMs: number): object {
  const { requestId, traceId, caller, address, operation, code, reason, fields } = record
  const entries = summarize(fields)
  return {
    requestId,
    traceId,
    caller,
    address: caller === undefined ? address : undefined,
    operation: operation?.name,
    type: operation?.type,
    hash: operation && hash('sha256', operation.text).slice(0, 16),
    status,
    clientDisconnected: record.isClientDisconnected || undefined,
    code,
    reason,
    durationMs: round(durationMs),
    fields: entries.length === 0 ? undefined : entries.slice(0, maxFields),
  }
}

function isFailure({ code }: FieldEnd): boolean {
  return code !== 'OK' && code !== 'USER_ERROR'
}

/** Groups fields with the same result: a list can select a field for each of fifty contacts. */
function summarize(fields: readonly RecordedField[]): object[] {
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
      results: all.flatMap(({ results }) => results).slice(0, maxResults),
      queueMs: round(sum(all, ({ queueMs }) => queueMs)),
      upstreamMs: round(sum(all, ({ upstreamMs }) => upstreamMs)),
      idempotency: first?.idempotency,
      verification: first?.verification,
      failure: detail,
    }
  })
}

function sum(fields: readonly FieldRecorder[], of: (field: FieldRecorder) => number): number {
  return fields.reduce((total, field) => total + of(field), 0)
}
