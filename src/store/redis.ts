/** `redis://…`: one memory for several replicas. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, ErrorReply } from '@redis/client'
import type { Logger } from '../telemetry/log.ts'
import {
  claimScript,
  removeChargedScript,
  removeScript,
  replaceChargedScript,
  replaceScript,
  takeTokensScript,
  takeTurnsScript,
} from './redis-scripts.ts'
import { digestOfOwner } from './shares.ts'
import type { ClaimResult, Store } from './store.ts'
import { expirySteps, largestRecordBytes } from './store.ts'

const prefix = 'callbell-graphql:'
/** That wait for an answer: more than the calls of a second take. What lands late must not fill a caller's share. */
const mostCommands = 4000
/** A Redis that takes longer is as good as away. */
const patienceMs = 1000
/**
 * Its time is counted in steps: where this process itself was held up, that is one step, and the
 * answer, which has come meanwhile, is read before the next.
 */
const patienceSteps = 10

/** For how long a replica that has not asked is counted: it may be away, and come back. */
const rememberReplicaMs = 60_000

/** Does not wait for Redis to be there: until it is, and whenever it is not, every operation rejects. */
export function openRedisStore(url: string, log: Logger): Store {
  const client = createClient({
    url,
    // Calls that can't be made now are refused now: a caller waits for each of them.
    disableOfflineQueue: true,
    // A Redis that hangs answers none of them: those that are given up wait in the queue all the same.
    commandsQueueMaxLength: mostCommands,
    socket: {
      connectTimeout: patienceMs,
      reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, 1000),
    },
  })
  // Without a listener a lost connection would end the process; it is mended by itself.
  let isKnownAway = false
  client.on('error', (error: Error) => {
    if (!isKnownAway) log.warn({ reason: error.message }, 'Redis is away')
    isKnownAway = true
  })
  client.on('ready', () => {
    if (isKnownAway) log.info('Redis is back')
    isKnownAway = false
  })
  const replica = randomUUID()
  let hasGivenTurns = false
  /** Redis was lost since it last gave turns: it may have come back without its memory of them. */
  let mayHaveForgotten = false
  client.on('ready', () => (mayHaveForgotten = hasGivenTurns))
  client.connect().catch(() => undefined)

  /** The client does not bound what it has sent already: a Redis that hangs is noticed here. */
  async function patiently<T>(reply: Promise<T>): Promise<T> {
    const patience = new AbortController()
    const impatience = async (): Promise<never> => {
      for (let step = 0; step < patienceSteps; step += 1) {
        await delay(patienceMs / patienceSteps, undefined, { signal: patience.signal, ref: false })
      }
      throw new Error(`Redis did not answer within ${patienceMs} ms`)
    }
    const late = impatience()
    try {
      return await Promise.race([reply, late])
    } finally {
      patience.abort()
      // Whichever comes too late has nobody to tell.
      reply.catch(() => undefined)
      late.catch(() => undefined)
    }
  }

  function run(script: string, keys: readonly string[], texts: readonly string[]): Promise<unknown> {
    return patiently(client.eval(script, { keys: keys.map((key) => prefix + key), arguments: [...texts] }))
  }

  return {
    isShared: true,
    get: (key) => patiently(client.get(prefix + key)),
    async putIfAbsent(key, record, ttlMs) {
      const options = { condition: 'NX', GET: true, expiration: { type: 'PX', value: ttlMs } } as const
      return patiently(client.set(prefix + key, record, options))
    },
    async claim(key, record, ttlMs, { owner, bytes, limitBytes }) {
      const numbers = [ttlMs, bytes, limitBytes, expirySteps].map(String)
      try {
        return claimResultOf(await run(claimScript, [key, shareOf(owner)], [record, ...numbers]))
      } catch (error) {
        // An error that Redis itself reported. A lost connection or no answer proves nothing.
        if (error instanceof ErrorReply) return { state: 'REFUSED', reason: error.message }
        throw error
      }
    },
    async replace(key, expected, record, ttlMs, charge) {
      const texts = [expected, record, String(ttlMs)]
      if (charge === undefined) return (await run(replaceScript, [key], texts)) === 1
      const numbers = [charge.bytes, charge.replacedBytes, expirySteps].map(String)
      return (await run(replaceChargedScript, [key, shareOf(charge.owner)], [...texts, ...numbers])) === 1
    },
    async remove(key, expected, charge) {
      if (charge === undefined) return (await run(removeScript, [key], [expected])) === 1
      const texts = [expected, String(charge.bytes)]
      return (await run(removeChargedScript, [key, shareOf(charge.owner)], texts)) === 1
    },
    async takeTurns(wanted, maxRps, windowMs) {
      try {
        const numbers = [wanted, maxRps, windowMs, replica, rememberReplicaMs].map(String)
        const reply = await run(takeTurnsScript, ['turns', 'replicas'], numbers)
        if (mayHaveForgotten) throw new Error('Redis was lost, and may have forgotten turns')
        const [granted, waitMs, replicas] = Array.isArray(reply) ? reply.map(Number) : []
        if (granted === undefined || waitMs === undefined || replicas === undefined) {
          throw new Error('Redis gave no turns')
        }
        hasGivenTurns = true
        return { granted, waitMs, replicas }
      } catch (error) {
        // Told now: it need not be told again.
        hasGivenTurns = mayHaveForgotten = false
        throw error
      }
    },
    async takeTokens(bucket, tokens, mode, perSecond, capacity) {
      const texts = [String(tokens), mode, String(perSecond), String(capacity)]
      const reply = await run(takeTokensScript, [`tokens:${digestOfOwner(bucket)}`], texts)
      if (typeof reply !== 'number') throw new Error('Redis gave no tokens')
      return reply
    },
    async ping() {
      // A write of what a record may need: a Redis that is full, or a replica of one, answers a PING.
      const probe = 'x'.repeat(largestRecordBytes)
      await patiently(client.set(`${prefix}ping`, probe, { expiration: { type: 'PX', value: patienceMs } }))
    },
    async close() {
      client.destroy()
    },
  }
}

function shareOf(owner: string): string {
  return `share:${digestOfOwner(owner)}`
}

/** @throws if the reply is not one of the script's */
function claimResultOf(reply: unknown): ClaimResult {
  const [state, value]: unknown[] = Array.isArray(reply) ? reply : []
  if (state === 'PUT') return { state }
  if (state === 'PRESENT' && typeof value === 'string') return { state, record: value }
  if (state === 'OVER_LIMIT' && typeof value === 'number') return { state, usedBytes: value }
  throw new Error('Redis gave an unexpected reply to a claim')
}
