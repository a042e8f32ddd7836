/** Runs the calls of a field, and records their cost and their outcome. */
import type { GraphQLResolveInfo } from 'graphql'
import type { CallInit } from '../domain/call-context.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import { ContactsError } from '../contacts/attempts/failure.ts'
import { momentNow } from '../domain/moment.ts'
import type { FieldEnd } from '../telemetry/field-recorder.ts'
import type { GatewayContext } from './builder.ts'

type FieldInfo = Pick<GraphQLResolveInfo, 'fieldName' | 'parentType' | 'path' | 'schema'>

/** Runs a read of a field. @param read receives the context of its calls */
export function resolveQuery<T>(
  context: GatewayContext,
  info: FieldInfo,
  read: (init: CallInit) => Promise<T>,
): Promise<T> {
  return recorded(context, info, read, () => ({ code: 'OK' }))
}

/**
 * Runs a change, and records its outcome for errors of its field that occur afterwards.
 *
 * @param change receives the context of its calls; its result has problems if nothing was changed
 */
export function resolveMutation<T extends { readonly problems: readonly unknown[] }>(
  context: GatewayContext,
  info: FieldInfo,
  change: (init: CallInit) => Promise<T>,
): Promise<T> {
  const { outcomes } = context
  const { key } = info.path
  outcomes.set(key, 'UNKNOWN')
  return recorded(context, info, change, ({ problems }) => {
    const isChanged = problems.length === 0
    outcomes.set(key, isChanged ? 'APPLIED' : 'NOT_APPLIED')
    return isChanged ? { outcome: 'APPLIED', code: 'OK' } : { outcome: 'NOT_APPLIED', code: 'USER_ERROR' }
  })
}

async function recorded<T>(
  { caller, recorder, allowance }: GatewayContext,
  info: FieldInfo,
  call: (init: CallInit) => Promise<T>,
  endOf: (result: T) => FieldEnd,
): Promise<T> {
  const field = recorder.field(nameOf(info))
  try {
    const { requestId } = recorder
    const result = await call({ caller, requestId, startedAt: momentNow(), observer: field, allowance })
    field.ended(endOf(result))
    return result
  } catch (error) {
    field.ended(endOfFailure(error, info.parentType === info.schema.getMutationType()))
    throw error
  }
}

/** @returns for example `createContact` or `Contact.bot` */
function nameOf({ fieldName, parentType, path }: FieldInfo): string {
  return path.prev === undefined ? fieldName : `${parentType.name}.${fieldName}`
}

function endOfFailure(error: unknown, isMutation: boolean): FieldEnd {
  if (!(error instanceof ContactsError)) {
    return { code: 'INTERNAL_SERVER_ERROR', outcome: isMutation ? 'UNKNOWN' : undefined }
  }
  const { code, outcome, retryable, retryAfterMs, cause } = error
  return { code, outcome, detail: { retryable, retryAfterMs, ...traceOf(cause) } }
}

/** How far the request to Callbell came, and why it failed. */
function traceOf(error: unknown): object {
  if (!(error instanceof CallbellError)) return error instanceof Error ? { reason: error.message } : {}
  const broken = error.cause instanceof Error ? error.cause.message : undefined
  return { progress: error.progress, status: error.status, reason: error.message, cause: broken }
}
