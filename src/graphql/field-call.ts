/** Running what a field asks of Callbell, with a record of what it costs and what becomes of it. */
import type { GraphQLResolveInfo } from 'graphql'
import type { CallInit } from '../domain/call-context.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import { ContactsError } from '../contacts/attempts/failure.ts'
import { momentNow } from '../domain/moment.ts'
import type { FieldEnd } from '../telemetry/field-recorder.ts'
import type { GatewayContext } from './builder.ts'

type Place = Pick<GraphQLResolveInfo, 'fieldName' | 'parentType' | 'path' | 'schema'>

/** @param read is given on whose behalf it reads */
export function resolveQuery<T>(
  context: GatewayContext,
  place: Place,
  read: (init: CallInit) => Promise<T>,
): Promise<T> {
  return recorded(context, place, read, () => ({ code: 'OK' }))
}

/**
 * Remembers, too, what became of the change, for errors that its field meets when it has been made.
 *
 * @param change is given on whose behalf it changes; its result has problems where nothing was changed
 */
export function resolveMutation<T extends { readonly problems: readonly unknown[] }>(
  context: GatewayContext,
  place: Place,
  change: (init: CallInit) => Promise<T>,
): Promise<T> {
  const { outcomes } = context
  const { key } = place.path
  outcomes.set(key, 'UNKNOWN')
  return recorded(context, place, change, ({ problems }) => {
    const isChanged = problems.length === 0
    outcomes.set(key, isChanged ? 'APPLIED' : 'NOT_APPLIED')
    return isChanged ? { outcome: 'APPLIED', code: 'OK' } : { outcome: 'NOT_APPLIED', code: 'USER_ERROR' }
  })
}

async function recorded<T>(
  { caller, recorder, allowance }: GatewayContext,
  place: Place,
  call: (init: CallInit) => Promise<T>,
  endOf: (result: T) => FieldEnd,
): Promise<T> {
  const field = recorder.field(nameOf(place))
  try {
    const { requestId } = recorder
    const result = await call({ caller, requestId, startedAt: momentNow(), observer: field, allowance })
    field.ended(endOf(result))
    return result
  } catch (error) {
    field.ended(endOfFailure(error, place.parentType === place.schema.getMutationType()))
    throw error
  }
}

/** As in `createContact` and `Contact.bot`. */
function nameOf({ fieldName, parentType, path }: Place): string {
  return path.prev === undefined ? fieldName : `${parentType.name}.${fieldName}`
}

function endOfFailure(error: unknown, isMutation: boolean): FieldEnd {
  if (!(error instanceof ContactsError)) {
    return { code: 'INTERNAL_SERVER_ERROR', outcome: isMutation ? 'UNKNOWN' : undefined }
  }
  const { code, outcome, retryable, retryAfterMs, cause } = error
  return { code, outcome, detail: { retryable, retryAfterMs, ...traceOf(cause) } }
}

/** How far the request to Callbell came, and what broke it. */
function traceOf(error: unknown): object {
  if (!(error instanceof CallbellError)) return error instanceof Error ? { reason: error.message } : {}
  const broken = error.cause instanceof Error ? error.cause.message : undefined
  return { progress: error.progress, status: error.status, reason: error.message, cause: broken }
}
