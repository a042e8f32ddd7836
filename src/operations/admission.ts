/** Who may run an operation, and at what cost: decided before its first field runs, for all of it at once. */
import type { Caller } from '../domain/caller.ts'
import { mostCalls } from '../graphql/limits.ts'
import { RequestError } from '../graphql/request-error.ts'
import type { CallerLimit } from '../rate-limit/caller-limit.ts'

export interface Demand {
  readonly isMutation: boolean
  /** A field by which a mutation reads from the account. */
  readonly reading: string | undefined
  /** To Callbell, planned. */
  readonly calls: number
}

/**
 * Requires the scopes that the operation needs (`FORBIDDEN`), refuses one that plans too many calls to
 * Callbell (`QUERY_TOO_COMPLEX`), and takes its calls from the caller's share (`RATE_LIMITED`). What
 * needs no call asks only for what the gateway itself is, and is let through.
 *
 * What it really costs is settled when it has run: a lookup costs one call more, an input that was refused or
 * a key that was replayed costs none.
 *
 * @returns why it may not run; undefined: it may
 */
export function admit(
  limit: CallerLimit,
  { bucket, scopes }: Caller,
  { isMutation, reading, calls }: Demand,
): RequestError | undefined | Promise<RequestError | undefined> {
  if (calls === 0) return undefined
  const scope = isMutation ? 'contacts:write' : 'contacts:read'
  if (!scopes.has(scope))
    return lacksScope(`This operation needs the scope ${scope}, which the caller does not have`)
  if (reading !== undefined && !scopes.has('contacts:read')) {
    return lacksScope(
      `This mutation reads ${reading}, which needs the scope contacts:read: without it a caller may select only \`id\` and \`uuid\` of what it changes`,
    )
  }
  if (calls > mostCalls) return isTooMuch(calls)
  const waitMs = limit.take(bucket, calls)
  if (waitMs === 0) return undefined
  const refusalAfter = (ms: number): RequestError | undefined =>
    ms > 0 ? isLimited(calls, limit.burst, ms) : undefined
  return typeof waitMs === 'number' ? refusalAfter(waitMs) : waitMs.then(refusalAfter)
}

function lacksScope(message: string): RequestError {
  return new RequestError({ status: 403, code: 'FORBIDDEN', message })
}

function isTooMuch(calls: number): RequestError {
  return new RequestError({
    status: 400,
    code: 'QUERY_TOO_COMPLEX',
    message: `This operation needs ${calls} calls to Callbell; the limit is ${mostCalls}. Ask for fewer in \`first\`, or without \`bot\` and \`messages\` of each contact`,
  })
}

function isLimited(calls: number, burst: number, waitMs: number): RequestError {
  if (waitMs === Number.POSITIVE_INFINITY) {
    return new RequestError({
      status: 429,
      code: 'RATE_LIMITED',
      message: `This operation needs ${calls} calls to Callbell; the limit for this caller is ${burst} at once`,
    })
  }
  return new RequestError({
    status: 429,
    code: 'RATE_LIMITED',
    message: `Rate limit exceeded for this caller: this operation needs ${calls} calls to Callbell, and fewer are left of ${burst}`,
    retryable: true,
    retryAfterMs: Math.ceil(waitMs),
  })
}
