/** What is wrong with a Redis, by the name of the error that it returns: for the log and for `/readyz`. */
import { ErrorReply } from '@redis/client'

interface RedisProblem {
  /** Public: it contains no address and no credentials. */
  readonly reason: string
  /** Whether a claim with this reply was certainly not written. */
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
export const sentinelReason =
  'This is a Redis Sentinel, which stores no data; set STORE_URL to the Redis server itself'
const cluster = problem(clusterReason, true)

const lacksPermission = problem('The Redis user lacks permission for a command that the gateway needs')
const lacksPermissionInside = { ...lacksPermission, isUnwritten: false }

/** Redis checks for all of them before a script's first write. */
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
  ['MISCONF', problem('Redis rejects writes because it cannot save its data')],
  ['NOREPLICAS', problem('Redis rejects writes because it has too few replicas')],
  ['BUSY', problem('Redis is busy running a script')],
])

/** In an error from a script, the name may follow the script's name. */
const namePattern = new RegExp(`(?:^|[ -])(${[...problems.keys()].join('|')})(?= )`)

/** The command was certainly not sent to Redis. The message contains no address and no credentials. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError'
}

/** Redis did not reply in time. It may still run the command. */
export class NoReplyError extends Error {
  override readonly name = 'NoReplyError'
}

/** This kind of Redis cannot serve as a store. */
export class UnsupportedRedisError extends Error {
  override readonly name = 'UnsupportedRedisError'
}

/** @returns undefined if the error is not a reply from Redis, or has no known name */
export function redisProblemOf(error: unknown): RedisProblem | undefined {
  if (!(error instanceof ErrorReply)) return undefined
  const known = problems.get(namePattern.exec(error.message)?.[1] ?? '')
  // A script may have written before it reached a command that its user may not run.
  return /user executing the script/i.test(error.message) ? lacksPermissionInside : known
}

/** @returns what is wrong, without addresses or credentials */
export function reasonOf(error: unknown): string {
  if (error instanceof NotSentError || error instanceof NoReplyError) return error.message
  if (error instanceof UnsupportedRedisError) return error.message
  const redisProblem = redisProblemOf(error)
  if (redisProblem) return redisProblem.reason
  if (error instanceof ErrorReply) return `Redis returned an error (${codeOf(error.message)})`
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return `Redis is unreachable (${typeof code === 'string' ? code : 'the connection was lost'})`
}

/** The first word of a Redis error is its kind. */
function codeOf(message: string): string {
  return /^[A-Z]{1,20}(?= )/.exec(message)?.[0] ?? 'ERR'
}
