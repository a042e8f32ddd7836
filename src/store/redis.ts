/** `redis://…`: one memory for several replicas. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import type { Logger } from '../telemetry/log.ts'
import type { Store } from './store.ts'

const prefix = 'callbell-graphql:'
/** A Redis that takes longer is as good as away. */
const patienceMs = 1000
/**
 * Its time is counted in steps: where this process itself was held up, that is one step, and the
 * answer, which has come meanwhile, is read before the next.
 */
const patienceSteps = 10

const replaceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

const removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** For how long a replica that has not asked is counted: it may be away, and come back. */
const rememberReplicaMs = 60_000

/** A list of the turns taken, newest first, by the one clock that all replicas share; and who asks. */
const takeTurnsScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wanted, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -1)
-- From after now: the clock was set back.
while oldest and (tonumber(oldest) <= now - window or tonumber(oldest) > now) do
  redis.call('RPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], -1)
end
local granted = math.max(0, math.min(wanted, limit - redis.call('LLEN', KEYS[1])))
for _ = 1, granted do redis.call('LPUSH', KEYS[1], now) end
redis.call('PEXPIRE', KEYS[1], window)
redis.call('ZADD', KEYS[2], now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return { granted, oldest and tonumber(oldest) + window - now or window, redis.call('ZCARD', KEYS[2]) }`

/** When the bucket will be full again, in whole microseconds: a full one has no key. */
const takeTokensScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local perToken = math.ceil(1000000 / ARGV[3])
local perBucket = perToken * ARGV[4]
local missing = math.max(0, (redis.call('GET', KEYS[1]) or now) - now)
-- More than can be: the clock was set back.
if missing > 2 * perBucket then missing = 0 end
local fullIn = missing + perToken * ARGV[1]
if ARGV[2] == 'IF_THERE' and fullIn > perBucket then return math.ceil((fullIn - perBucket) / 1000) end
fullIn = math.max(1, math.min(fullIn, 2 * perBucket))
redis.call('SET', KEYS[1], string.format('%.0f', now + fullIn), 'PX', math.ceil(fullIn / 1000))
return 0`

/** Does not wait for Redis to be there: until it is, and whenever it is not, every operation rejects. */
export function openRedisStore(url: string, log: Logger): Store {
  const client = createClient({
    url,
    // Calls that can't be made now are refused now: a caller waits for each of them.
    disableOfflineQueue: true,
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

  return {
    isShared: true,
    get: (key) => patiently(client.get(prefix + key)),
    async putIfAbsent(key, record, ttlMs) {
      const options = { condition: 'NX', GET: true, expiration: { type: 'PX', value: ttlMs } } as const
      return patiently(client.set(prefix + key, record, options))
    },
    async replace(key, expected, record, ttlMs) {
      const replaced = await patiently(
        client.eval(replaceScript, { keys: [prefix + key], arguments: [expected, record, String(ttlMs)] }),
      )
      return replaced === 1
    },
    async remove(key, expected) {
      const removed = await patiently(
        client.eval(removeScript, { keys: [prefix + key], arguments: [expected] }),
      )
      return removed === 1
    },
    async takeTurns(wanted, maxRps, windowMs) {
      try {
        const reply = await patiently(
          client.eval(takeTurnsScript, {
            keys: [`${prefix}turns`, `${prefix}replicas`],
            arguments: [wanted, maxRps, windowMs, replica, rememberReplicaMs].map(String),
          }),
        )
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
      // Names of callers are any text of any length, and nobody's business.
      const name = createHash('sha256').update(bucket).digest('base64url')
      const reply = await patiently(
        client.eval(takeTokensScript, {
          keys: [`${prefix}tokens:${name}`],
          arguments: [String(tokens), mode, String(perSecond), String(capacity)],
        }),
      )
      if (typeof reply !== 'number') throw new Error('Redis gave no tokens')
      return reply
    },
    async ping() {
      // A write: a Redis that is full, or a replica of one, answers a PING all the same.
      await patiently(client.set(`${prefix}ping`, '', { expiration: { type: 'PX', value: patienceMs } }))
    },
    async close() {
      client.destroy()
    },
  }
}
