/** A connection to Redis that replaces itself: where it was lost, and where it leads to a server that is of no use. */
import { setTimeout as delay } from 'node:timers/promises'
import { RedisClient as Client, createClient, ErrorReply } from '@redis/client'
import type { Logger } from '../domain/logger.ts'
import { NoAnswerError, NotSentError, reasonOf, redisProblemOf } from './redis-errors.ts'

export interface RedisConnection {
  /** When the first attempt to connect has succeeded or failed, or has taken its time. */
  readonly tried: Promise<void>
  /** Why there is no connection; undefined where there is one. */
  problem(): Error | undefined
  /**
   * @param command sends one command
   * @throws NotSentError if it was surely not sent
   * @throws NoAnswerError if there is no answer in time
   * @throws what Redis answers with, and the loss of the connection
   */
  send<T>(command: (client: RedisClient) => Promise<T>): Promise<T>
  close(): void
}

export type RedisClient = ReturnType<typeof createRedisClient>

/** A Redis that takes longer is as good as gone. */
export const patienceMs = 1000
/**
 * Patience is counted in steps: where this process itself was held up, that is one step, and the
 * answer, which has come meanwhile, is read before the next.
 */
const patienceSteps = 10
/** Of connecting, with all that is asked before the connection is used. */
const connectPatienceMs = 3000
/** A connection on which nothing has been answered for so long may lead nowhere: a failover sends no word. */
const silentMs = 3000
/** That wait for an answer: more than the calls of a second take. What lands late must not fill a caller's share. */
const mostCommands = 4000
const longestPauseMs = 1000
/** After so long a connection was not lost at once. */
const steadyAfterMs = 5000
/** A reason of the same kind is not logged again earlier. */
export const logAgainAfterMs = 60_000

/**
 * @param prepare asks what must be known before the connection is used; a failure is one to connect
 * @throws if the URL is none
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
  /** Ends the attempt to connect, or the connection, that there is now. */
  let lose: ((error: unknown) => void) | undefined
  let problem: Error | undefined = new NotSentError('Redis has not been reached yet')
  let answeredAt = 0
  let waiting = 0
  const logged = new Map<string, number>()

  async function keepConnected(): Promise<void> {
    let tries = 0
    while (!closing.signal.aborted) {
      const startedAt = performance.now()
      await connectUntilLost()
      tries = performance.now() - startedAt >= steadyAfterMs ? 0 : tries + 1
      const pauseMs = Math.min(50 * 2 ** tries, longestPauseMs)
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
      await within(connectPatienceMs, Promise.race([connect(client), lost.promise]))
      answeredAt = performance.now()
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
    // There are few kinds: a server that fails in one way after the other has no more lines than these.
    if (now - (logged.get(kind) ?? Number.NEGATIVE_INFINITY) >= logAgainAfterMs) {
      log.warn({ reason }, 'Redis is unreachable')
      logged.set(kind, now)
    }
    tried.resolve()
  }

  void keepConnected()

  return {
    tried: tried.promise,
    problem: () => problem,
    async send(command) {
      const client = ready
      if (client === undefined) throw new NotSentError(reasonOf(problem))
      if (waiting >= mostCommands) throw new NotSentError(`${mostCommands} commands wait for Redis already`)
      waiting += 1
      const reply = command(client).finally(() => (waiting -= 1))
      try {
        const value = await within(patienceMs, reply)
        answeredAt = performance.now()
        return value
      } catch (error) {
        if (error instanceof ErrorReply) answeredAt = performance.now()
        const isSilent = error instanceof NoAnswerError && performance.now() - answeredAt >= silentMs
        const isUseless = isSilent || redisProblemOf(error)?.needsNewConnection
        if (isUseless && client === ready) lose?.(error)
        throw error
      }
    },
    close() {
      closing.abort()
      lose?.(new NotSentError('the connection to Redis is closed'))
    },
  }
}

function createRedisClient(url: string) {
  return createClient({
    url,
    // Calls that can't be made now are refused now: a caller waits for each of them.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectPatienceMs, reconnectStrategy: false },
  })
}

/** The client does not bound what it has sent already: a Redis that hangs is noticed here. */
async function within<T>(milliseconds: number, reply: Promise<T>): Promise<T> {
  const patience = new AbortController()
  const impatience = async (): Promise<never> => {
    for (let step = 0; step < patienceSteps; step += 1) {
      await delay(milliseconds / patienceSteps, undefined, { signal: patience.signal, ref: false })
    }
    throw new NoAnswerError(`Redis did not answer within ${milliseconds} ms`)
  }
  const late = impatience()
  try {
    return await Promise.race([reply, late])
  } finally {
    patience.abort()
    // Nobody waits any more for whichever comes too late.
    reply.catch(() => undefined)
    late.catch(() => undefined)
  }
}
