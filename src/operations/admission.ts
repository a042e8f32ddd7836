/** Decides whether a caller may run an operation, for the whole of it, before its first field runs. */
import type { Caller } from '../domain/caller.ts'
import { maxCalls } from '../graphql/field-cost.ts'
import { RequestError } from '../graphql/request-error.ts'
import type { CallerLimit } from '../rate-limit/caller-limit.ts'

/** What an operation needs. */
export interface Demand {
  readonly isMutation: boolean
  /** A field by which a mutation reads from the account, for example `Contact.name`; undefined: none. */
  readonly reading: string | undefined
  /** Planned calls to Callbell. */
  readonly calls: number
}

/**
 * Checks the scopes (`FORBIDDEN`) and the number of calls (`QUERY_TOO_COMPLEX`), and takes the calls from the
 * caller's rate limit (`RATE_LIMITED`). An operation without calls reads nothing but the schema, and is
 * always admitted.
 *
 * The rate limit is corrected when the operation has run: a lookup costs one call more, and an invalid input
 * or a replayed key costs none.
 *
 * @returns why the operation may not run; undefined: it may. It neither throws nor rejects
 */
export function admit(
  limit: CallerLimit,
  { bucket, scopes }: Caller,
  { isMutation, reading, calls }: Demand,
): RequestError | undefined | Promise<RequestError | undefined> {
  if (calls === 0) return undefined
  const scope = isMutation ? 'contacts:write' : 'contacts:read'
  if (!scopes.has(scope))
    return lacksScope(`This operation needs the scope ${scope}; ${callerOf(bucket)} does not have it.`)
  if (reading !== undefined && !scopes.has('contacts:read')) {
    return lacksScope(
      `This mutation reads ${reading}; ${callerOf(bucket)} does not have the scope contacts:read. Select only \`id\` and \`uuid\` of what it changes.`,
    )
  }
  if (calls > maxCalls) return isTooMuch(calls)
  const waitMs = limit.take(bucket, calls)
  if (waitMs === 0) return undefined
  const rejectionAfter = (ms: number): RequestError | undefined =>
    ms > 0 ? isLimited(bucket, calls, limit.burst, ms) : undefined
  return typeof waitMs === 'number' ? rejectionAfter(waitMs) : waitMs.then(rejectionAfter)
}

/** Only API keys have names that start so. */
function callerOf(bucket: string): string {
  return bucket.startsWith('key:') ? 'this API key' : 'this caller'
}

function lacksScope(message: string): RequestError {
  return new RequestError({ status: 403, code: 'FORBIDDEN', message })
}

function isTooMuch(calls: number): RequestError {
  return new RequestError({
    status: 400,
    code: 'QUERY_TOO_COMPLEX',
    message: `This operation needs ${calls} calls to Callbell; the limit is ${maxCalls}. Lower \`first\`, or leave out \`bot\` and \`messages\` of each contact.`,
  })
}

function isLimited(bucket: string, calls: number, burst: number, waitMs: number): RequestError {
  if (waitMs === Number.POSITIVE_INFINITY) {
    return new RequestError({
      status: 429,
      code: 'RATE_LIMITED',
      message: `This operation needs ${calls} calls to Callbell; the limit for ${callerOf(bucket)} is ${burst} per burst.`,
    })
  }
  return new RequestError({
    status: 429,
    code: 'RATE_LIMITED',
    message: `Rate limit exceeded for ${callerOf(bucket)}: this operation needs ${calls} calls to Callbell, and fewer are left of ${burst}.`,
    retryable: true,
    retryAfterMs: Math.ceil(waitMs),
  })
}
