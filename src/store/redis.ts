/** `redis://…`: one store for several replicas. */
import { randomUUID } from 'node:crypto'
import type { Logger } from '../domain/logger.ts'
import { createLocks } from './locks.ts'
import { createRedisBuckets } from './redis-buckets.ts'
import type { RedisClient } from './redis-connection.ts'
import { openRedisConnection } from './redis-connection.ts'
import { clusterReason, reasonOf, sentinelReason, UnsupportedRedisError } from './redis-errors.ts'
import { createRedisLimiter } from './redis-limiter.ts'
import { createRedisRecords, markEpoch } from './redis-records.ts'
import { createReplyReader } from './redis-replies.ts'
import type { Store } from './store.ts'

export interface RedisOptions {
  /** How long a Redis that is new, or has lost its data, refuses unknown keys, in milliseconds; 0: not at all. */
  readonly quarantineMs: number
}

/**
 * Does not wait for a Redis that is unreachable. Operations reject for as long as it is.
 *
 * @throws UnsupportedRedisError if it is a cluster, or stores no data
 */
export async function openRedisStore(
  url: string,
  log: Logger,
  { quarantineMs }: RedisOptions,
): Promise<Store> {
  const replica = randomUUID()
  const replies = createReplyReader(log, quarantineMs)
  let evictionPolicy = ''

  /** Checks that this is a supported Redis that accepts writes. */
  async function prepare(client: RedisClient): Promise<void> {
    const { mode } = await client.hello()
    if (mode === 'cluster') throw new UnsupportedRedisError(clusterReason)
    if (mode === 'sentinel') throw new UnsupportedRedisError(sentinelReason)
    await markEpoch(client, replies)
    await readEvictionPolicy(client)
  }

  /** Any policy that evicts may evict records. A user without permission for INFO leaves it unknown. */
  async function readEvictionPolicy(client: RedisClient): Promise<void> {
    const info = await client.info('memory').catch(() => '')
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? ''
    const isNew = policy !== evictionPolicy
    evictionPolicy = policy
    const warning = evictionWarning()
    if (isNew && warning !== null) log.warn(warning)
  }

  function evictionWarning(): string | null {
    if (evictionPolicy === '' || evictionPolicy === 'noeviction') return null
    return `Redis may evict idempotency keys: its maxmemory-policy is ${evictionPolicy}; set it to noeviction`
  }

  const connection = openRedisConnection(url, log, prepare)
  const { probe: probeRecords, ...records } = createRedisRecords(connection, replies, quarantineMs)
  const limiter = createRedisLimiter(connection, replica)
  const buckets = createRedisBuckets(connection)

  /** Runs everything that the gateway needs, on keys of this process, to notice failures before callers do. */
  async function probe(): Promise<void> {
    const name = `probe:${replica}`
    await probeRecords(name)
    await Promise.all([
      limiter.probe(name),
      buckets.takeTokens({ bucket: name, tokens: 0, mode: 'IF_AVAILABLE', perSecond: 1, capacity: 1 }),
      connection.send(readEvictionPolicy),
    ])
  }

  await connection.tried
  const problem = connection.problem()
  if (problem instanceof UnsupportedRedisError) {
    connection.close()
    throw problem
  }

  return {
    ...records,
    ...createLocks(records),
    acquireShared: limiter.acquireShared,
    takeTokens: buckets.takeTokens,
    async ping() {
      try {
        await probe()
        return evictionWarning()
      } catch (error) {
        throw new Error(reasonOf(error), { cause: error })
      }
    },
    async close() {
      await limiter.close()
      connection.close()
    },
  }
}
