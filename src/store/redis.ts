/** `redis://…`: one memory for several replicas. */
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

/** Does not wait for Redis to be there: until it is, and whenever it is not, every operation rejects. */
export function openRedisStore(url: string, log: Logger): Store {
  const client = createClient({
    url,
    // Calls that can't be made now are refused now: a caller waits for each of them.
    disableOfflineQueue: true,
    commandOptions: { timeout: patienceMs },
    socket: {
      connectTimeout: patienceMs,
      reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, 1000),
    },
  })
  // Without a listener a lost connection would end the process; it is mended by itself.
  client.on('error', (error: Error) => log.warn({ reason: error.message }, 'Redis is away'))
  client.connect().catch(() => undefined)

  return {
    isShared: true,
    get: (key) => client.get(prefix + key),
    async putIfAbsent(key, record, ttlMs) {
      const options = { condition: 'NX', GET: true, expiration: { type: 'PX', value: ttlMs } } as const
      return client.set(prefix + key, record, options)
    },
    async replace(key, expected, record, ttlMs) {
      const replaced = await client.eval(replaceScript, {
        keys: [prefix + key],
        arguments: [expected, record, String(ttlMs)],
      })
      return replaced === 1
    },
    async remove(key, expected) {
      const removed = await client.eval(removeScript, { keys: [prefix + key], arguments: [expected] })
      return removed === 1
    },
    async close() {
      client.destroy()
    },
  }
}
