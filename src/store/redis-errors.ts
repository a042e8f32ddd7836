/** What is wrong with a Redis, by the name that Redis gives its error: for the log, and for `/readyz`. */
import { ErrorReply } from '@redis/client'

interface RedisProblem {
  /** Names no address and no credentials: anyone may read it. */
  readonly reason: string
  /** Whether a claim that is answered so was surely not written. */
  readonly isUnwritten: boolean
  /** Whether another connection may lead to a server that works. */
  readonly needsNewConnection: boolean
}

const problem = (reason: string, needsNewConnection = false): RedisProblem => ({
  reason,
  isUnwritten: true,
  needsNewConnection,
})
export const clusterReason =
  'Redis is a cluster, which is not supported; use a single Redis, or one with replicas behind one address'
export const sentinelReason = 'this is a Redis Sentinel, which keeps no data; name the Redis itself'
const cluster = problem(clusterReason, true)

const lacksPermission = problem('the Redis user lacks the permission for a command that the gateway needs')
const lacksPermissionInside = { ...lacksPermission, isUnwritten: false }

/** Redis checks all of them before a script's first write. */
const problems: ReadonlyMap<string, RedisProblem> = new Map([
  ['READONLY', problem('Redis is a read-only replica', true)],
  ['MASTERDOWN', problem('Redis is a replica that has lost its master', true)],
  ['LOADING', problem('Redis is loading its data', true)],
  ['NOAUTH', problem('Redis requires a password', true)],
  ['WRONGPASS', problem('Redis rejects the user name or the password', true)],
  ['NOPERM', lacksPermission],
  ['MOVED', cluster],
  ['CROSSSLOT', cluster],
  ['CLUSTERDOWN', cluster],
  ['OOM', problem('Redis is out of memory')],
  ['MISCONF', problem('Redis takes no writes, as it can’t save its data')],
  ['NOREPLICAS', problem('Redis takes no writes, as it has too few replicas')],
  ['BUSY', problem('Redis is busy with a script')],
])

/** In a script's error the name may stand behind the script's. */
const namePattern = new RegExp(`(?:^|[ -])(${[...problems.keys()].join('|')})(?= )`)

/** What was asked for was surely not sent to Redis. @param reason names no address and no credentials */
export class NotSentError extends Error {
  override readonly name = 'NotSentError'
}

/** Redis did not answer in time: what was asked for may be done all the same. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** Redis is of a kind that can't serve as a store. */
export class UnsupportedRedisError extends Error {
  override readonly name = 'UnsupportedRedisError'
}

/** @returns undefined where the error is none that Redis has answered with, or has no name that is known */
export function redisProblemOf(error: unknown): RedisProblem | undefined {
  if (!(error instanceof ErrorReply)) return undefined
  const known = problems.get(namePattern.exec(error.message)?.[1] ?? '')
  // A script may have written before it came to a command that its user may not run.
  return /user executing the script/i.test(error.message) ? lacksPermissionInside : known
}

/** @returns what is wrong, without addresses and credentials */
export function reasonOf(error: unknown): string {
  if (error instanceof NotSentError || error instanceof NoAnswerError) return error.message
  if (error instanceof UnsupportedRedisError) return error.message
  const known = redisProblemOf(error)
  if (known) return known.reason
  if (error instanceof ErrorReply) return `Redis answers with an error (${codeOf(error.message)})`
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return `Redis can’t be reached (${typeof code === 'string' ? code : 'the connection was lost'})`
}

/** The first word of Redis' errors is their kind. */
function codeOf(message: string): string {
  return /^[A-Z]{1,20}(?= )/.exec(message)?.[0] ?? 'ERR'
}
