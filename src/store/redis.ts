/** `redis://…`: one memory for several replicas. */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import type { Logger } from '../telemetry/log.ts'
import type { Store } from './store.ts'

const prefix = 'callbell-graphql:'
/** A Redis that takes longer is as good as away. */
const patienceMs = 1000

const replaceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

const removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** A list of the turns taken, newest first, by the one clock that all replicas share. */
const takeTurnsScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wanted, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -1)
while oldest and tonumber(oldest) <= now - window do
  redis.call('RPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], -1)
end
local granted = math.max(0, math.min(wanted, limit - redis.call('LLEN', KEYS[1])))
for _ = 1, granted do redis.call('LPUSH', KEYS[1], now) end
redis.call('PEXPIRE', KEYS[1], window)
return { granted, oldest and tonumber(oldest) + window - now or window }`

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
  client.on('error', (error: Error) => log.warn({ reason: error.message }, 'Redis is away'))
  client.connect().catch(() => undefined)

  /** The client does not bound what it has sent already: a Redis that hangs is noticed here. */
  async function patiently<T>(reply: Promise<T>): Promise<T> {
    const patience = new AbortController()
    const impatience = delay(patienceMs, undefined, { signal: patience.signal, ref: false }).then(() => {
      throw new Error(`Redis did not answer within ${patienceMs} ms`)
    })
    try {
      return await Promise.race([reply, impatience])
    } finally {
      patience.abort()
      // Whichever comes too late has nobody to tell.
      reply.catch(() => undefined)
      impatience.catch(() => undefined)
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
      const reply = await patiently(
        client.eval(takeTurnsScript, {
          keys: [`${prefix}turns`],
          arguments: [wanted, maxRps, windowMs].map(String),
        }),
      )
      const [granted, waitMs] = Array.isArray(reply) ? reply.map(Number) : []
      if (granted === undefined || waitMs === undefined) throw new Error('Redis gave no turns')
      return { granted, waitMs }
    },
    async close() {
      client.destroy()
    },
  }
}
