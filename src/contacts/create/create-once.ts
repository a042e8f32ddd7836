/** Creates something once, with or without an idempotency key. Its input has been checked. */
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { IdempotencyResult } from '../../domain/call-observer.ts'
import type { CreateAttempts, CreateCall } from './attempt-create.ts'
import type { CreateOperation } from './creation.ts'
import { ContactsError, wasSent } from '../attempts/failure.ts'
import type { Keyed } from './claims.ts'
import type { Idempotency } from './idempotency.ts'
import type { IdentityLocks } from '../locks/identity-locks.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import { problemsOfRejection } from '../rules/rejection.ts'

export interface CreateOnceParts {
  readonly attempts: CreateAttempts
  readonly identities: IdentityLocks
  readonly idempotency: Idempotency
  /** Whether a call without an idempotency key is refused. */
  readonly isKeyRequired: boolean
}

/**
 * Once it has started, only its deadline ends it. A POST that was sent is not aborted when its caller
 * disconnects: that would only hide its outcome.
 *
 * @param key identifies the call: a repeat with the same key is the same call
 * @param context its caller owns the idempotency key
 * @returns what was created, or why Callbell refused it
 * @throws ContactsError for everything else, with the outcome
 */
export async function createOnce<Made>(
  parts: CreateOnceParts,
  key: string | undefined,
  creation: CreateOperation<Made>,
  context: CallContext,
): Promise<Keyed<Made> | { readonly problems: readonly InputProblem[] }> {
  context.budget.earn()
  const createCall = { creation, context }
  try {
    // Without a key nothing is stored, and nothing is slower.
    if (key === undefined) return { made: await createUnkeyed(parts, createCall), replayed: false }
    return await observed(context, parts.idempotency.create(key, createCall))
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    return { problems: problemsOfRejection(error, null) }
  }
}

/** Distinguishes creations without a key in this process. */
let unkeyedCount = 0

async function createUnkeyed<Made>(
  { attempts, identities }: CreateOnceParts,
  createCall: CreateCall<Made>,
): Promise<Made> {
  const { creation, context } = createCall
  unkeyedCount += 1
  const acquired = identities.acquire({
    identity: creation.identity,
    token: `unkeyed ${unkeyedCount}`,
    isKeyed: false,
    isRepeat: false,
    caller: context.caller.bucket,
    deadline: context.deadline,
  })
  const lock = acquired instanceof Promise ? await acquired : acquired
  let end = { isSettled: true, wasSent: true }
  try {
    return await attempts.create(createCall, { isAttributable: lock.isAttributable })
  } catch (error) {
    const isSettled =
      error instanceof CallbellError || (error instanceof ContactsError && error.outcome !== 'UNKNOWN')
    end = { isSettled, wasSent: wasSent(error) }
    throw error
  } finally {
    void lock.end(end)
  }
}

/** Reports the result of a call with a key. */
async function observed<Made>({ observer }: CallContext, keyed: Promise<Keyed<Made>>): Promise<Keyed<Made>> {
  try {
    const result = await keyed
    observer.keyUsed(result.replayed ? 'replayed' : 'new')
    return result
  } catch (error) {
    observer.keyUsed(resultOf(error))
    throw error
  }
}

function resultOf(error: unknown): IdempotencyResult {
  // Callbell refused it.
  if (error instanceof CallbellError) return 'not_applied'
  if (!(error instanceof ContactsError)) return 'unknown'
  if (error.code === 'IDEMPOTENCY_KEY_REUSED') return 'reused'
  if (error.code === 'STORE_UNAVAILABLE') return 'unavailable'
  if (error.outcome === 'APPLIED') return 'applied'
  return error.outcome === 'NOT_APPLIED' ? 'not_applied' : 'unknown'
}
