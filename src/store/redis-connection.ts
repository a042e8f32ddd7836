/** A connection to Redis that replaces itself when it is lost, or when it leads to an unusable server. */
import { setTimeout as delay } from 'node:timers/promises'
import { RedisClient as Client, createClient, ErrorReply } from '@redis/client'
import type { Logger } from '../domain/logger.ts'
import { NoReplyError, NotSentError, reasonOf, redisProblemOf } from './redis-errors.ts'

export interface RedisConnection {
  /** Resolves when the first attempt to connect has succeeded, failed or timed out. */
  readonly tried: Promise<void>
  /** Why there is no connection; undefined while there is one. */
  problem(): Error | undefined
  /**
   * @param command sends one command
   * @throws NotSentError if the command was certainly not sent
   * @throws NoReplyError if Redis does not reply in time
   * @throws the error that Redis returns, or the loss of the connection
   */
  send<T>(command: (client: RedisClient) => Promise<T>): Promise<T>
  /**
   * Runs a Lua script.
   *
   * @param keys without the gateway's prefix
   * @throws as `send` does
   */
  run(script: string, keys: readonly string[], texts: readonly string[]): Promise<unknown>
  close(): void
}

export type RedisClient = ReturnType<typeof createRedisClient>

/** The prefix of all keys of the gateway. */
export const keyPrefix = 'callbell-graphql:'
/** A Redis that takes longer counts as unreachable. */
export const commandTimeoutMs = 1000
/**
 * A timeout is counted in steps. If this process itself was blocked, that is one step, and a reply that
 * arrived meanwhile is read before the next one.
 */
const timeoutSteps = 10
/** For connecting and `prepare` together. */
const connectTimeoutMs = 3000
/** A connection without a reply for this long may be dead: a failover closes nothing. */
const silentMs = 3000
/**
 * Commands that may wait for a reply: more than one second's calls need. Commands that Redis runs late must
 * not fill a caller's quota.
 */
const maxCommands = 4000
const maxPauseMs = 1000
/** A connection that lasted this long resets the backoff. */
const steadyAfterMs = 5000
/** The pause before a reason of the same kind is logged again. */
export const logAgainAfterMs = 60_000

/**
 * @param prepare checks the server before the connection is used; if it fails, connecting has failed
 * @throws if the URL is not valid
 */
export function openRedisConnection(
  url: string,
  log: Logger,
  prepare: (client: RedisClient) => Promise<void>,
): RedisConnection {
  Client.parseURL(url)
  const closing = new AbortController()
  const tried = Promise.withResolvers<void>()
  let ready: RedisClient | undefined
  /** Ends the current attempt to connect, or the current connection. */
  let lose: ((error: unknown) => void) | undefined
  let problem: Error | undefined = new NotSentError('Redis has not been reached yet')
  let repliedAt = 0
  let waiting = 0
  const logged = new Map<string, number>()

  async function keepConnected(): Promise<void> {
    let tries = 0
    while (!closing.signal.aborted) {
      const startedAt = performance.now()
      await connectUntilLost()
      tries = performance.now() - startedAt >= steadyAfterMs ? 0 : tries + 1
      const pauseMs = Math.min(50 * 2 ** tries, maxPauseMs)
      await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  /** Never rejects. */
  async function connectUntilLost(): Promise<void> {
    const lost = Promise.withResolvers<never>()
    lose = lost.reject
    const client = createRedisClient(url)
    client.on('error', lost.reject)
    try {
      await withTimeout(connectTimeoutMs, Promise.race([connect(client), lost.promise]))
      repliedAt = performance.now()
      ready = client
      markReachable()
      await lost.promise
    } catch (error) {
      if (!closing.signal.aborted) markLost(error)
    } finally {
      ready = undefined
      client.destroy()
    }
  }

  async function connect(client: RedisClient): Promise<void> {
    await client.connect()
    await prepare(client)
  }

  function markReachable(): void {
    problem = undefined
    if (logged.size > 0) log.info('Redis is reachable again')
    logged.clear()
    tried.resolve()
  }

  function markLost(error: unknown): void {
    const reason = reasonOf(error)
    const kind = reason.replace(/ \(.*/, '')
    problem = error instanceof Error ? error : new Error(reason)
    const now = performance.now()
    // There are few kinds, so a server that fails in many ways writes few log lines.
    if (now - (logged.get(kind) ?? Number.NEGATIVE_INFINITY) >= logAgainAfterMs) {
      log.warn({ reason }, 'Redis is unreachable')
      logged.set(kind, now)
    }
    tried.resolve()
  }

  void keepConnected()

  async function send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = ready
    if (client === undefined) throw new NotSentError(reasonOf(problem))
    if (waiting >= maxCommands) {
      throw new NotSentError(`${maxCommands} commands are already waiting for Redis, which is the limit`)
    }
    waiting += 1
    const reply = command(client).finally(() => (waiting -= 1))
    try {
      const value = await withTimeout(commandTimeoutMs, reply)
      repliedAt = performance.now()
      return value
    } catch (error) {
      if (error instanceof ErrorReply) repliedAt = performance.now()
      const isSilent = error instanceof NoReplyError && performance.now() - repliedAt >= silentMs
      const isUnusable = isSilent || redisProblemOf(error)?.needsNewConnection
      if (isUnusable && client === ready) lose?.(error)
      throw error
    }
  }

  return {
    tried: tried.promise,
    problem: () => problem,
    send,
    run: (script, keys, texts) =>
      send((client) =>
        client.eval(script, { keys: keys.map((key) => keyPrefix + key), arguments: [...texts] }),
      ),
    close() {
      closing.abort()
      lose?.(new NotSentError('the connection to Redis is closed'))
    },
  }
}

function createRedisClient(url: string) {
  return createClient({
    url,
    // A command that cannot be sent now fails now, because a caller waits for it.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  })
}

/** The client has no timeout for commands that it has sent, so this detects a Redis that hangs. */
async function withTimeout<T>(milliseconds: number, reply: Promise<T>): Promise<T> {
  const stopWaiting = new AbortController()
  const waitForTimeout = async (): Promise<never> => {
    for (let step = 0; step < timeoutSteps; step += 1) {
      await delay(milliseconds / timeoutSteps, undefined, { signal: stopWaiting.signal, ref: false })
    }
    throw new NoReplyError(`Redis did not reply within ${milliseconds} ms`)
  }
  const timeout = waitForTimeout()
  try {
    return await Promise.race([reply, timeout])
  } finally {
    stopWaiting.abort()
    // Nobody waits for the one that loses the race.
    reply.catch(() => undefined)
    timeout.catch(() => undefined)
  }
}
