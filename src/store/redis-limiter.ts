/** Permits in Redis, which several replicas share. */
import type { RedisConnection } from './redis-connection.ts'
import { keyPrefix } from './redis-connection.ts'
import { unexpectedReply } from './redis-replies.ts'
import type { PermitReply, PermitRequest, SharedLimiter } from './shared-limits.ts'

/** How long a replica without a request is remembered: it may be cut off and come back. */
const rememberReplicaMs = 60_000
/** The longest life of a permit. One that seems to live longer was written before the clock was set back. */
const maxPermitMs = 2500
/**
 * How long Redis grants no permit after it may have lost some, at least: until no lost permit counts any
 * more, and all replicas have had time to reconnect.
 */
const quarantineMs = 2000
const replicasKey = 'permits:replicas'
/** Replicas of several versions share the keys, so that their names are kept. */
const permitKeys = ['permits', replicasKey, 'permits:quiet-until']

/**
 * Keys. None of them expires, because the clock may jump:
 * - the permits, each with the time at which it stops to count
 * - the replicas, each with the time of its latest request, the time that it confirmed, its share and its
 *   uncounted requests
 * - the time until which nothing is granted. Without this key, permits may have been lost
 *
 * Arguments, all times in milliseconds:
 * - the replica, and the number of its request
 * - how long a replica is remembered, how long nothing is granted after a loss, how long a permit counts at most
 * - the fields of `PermitRequest`
 *
 * Replies the fields of `PermitReply`.
 */
const acquireSharedScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replica, requestNumber = ARGV[1], ARGV[2]
local remember, quarantine, maxLifetime = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local wanted, limit, lifetime, uncounted = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local share, confirmed, degradedAfter = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local hasClockJumped = ARGV[13] == '1'
local function numbersOf(record)
  local askedAt, confirmedAt, share, uncounted = string.match(record, '^(%d+) (%d+) (%d+) (%d+)$')
  return tonumber(askedAt), tonumber(confirmedAt), tonumber(share), tonumber(uncounted)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) or 0
local quarantinedUntil = tonumber(redis.call('GET', KEYS[3]))
local own = redis.call('HGET', KEYS[2], replica)
-- The replica has received a later reply than this Redis knows of: the data is an older copy.
local isOlder = confirmed > 0 and now - confirmed < remember and (not own or numbersOf(own) < confirmed)
-- A time later than any that can be written: the clock was set back.
if not quarantinedUntil or quarantinedUntil > now + maxLifetime or last > now + maxLifetime
  or (now >= quarantinedUntil and (isOlder or hasClockJumped)) then
  redis.call('DEL', KEYS[1])
  quarantinedUntil = now + math.max(quarantine, lifetime)
  redis.call('SET', KEYS[3], string.format('%.0f', quarantinedUntil))
end
redis.call('HSET', KEYS[2], replica, string.format('%.0f %.0f %.0f %.0f', now, confirmed, share, uncounted))
local replicas, reserved, counted = 0, 0, redis.call('ZCARD', KEYS[1])
local records = redis.call('HGETALL', KEYS[2])
for index = 1, #records, 2 do
  local askedAt, confirmedAt, otherShare, otherUncounted = numbersOf(records[index + 1])
  if math.abs(now - askedAt) > remember then
    redis.call('HDEL', KEYS[2], records[index])
  else
    replicas = replicas + 1
    if now - confirmedAt <= degradedAfter then counted = counted + otherUncounted
    -- The replica may be sending its share without permits.
    else reserved = reserved + math.max(otherShare, otherUncounted) end
  end
end
local free = math.max(limit - reserved, share) - counted
local granted = now < quarantinedUntil and 0 or math.max(0, math.min(wanted, free))
for permit = 1, granted do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + lifetime), replica .. ' ' .. requestNumber .. ' ' .. permit)
end
local first = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
local wait = now < quarantinedUntil and quarantinedUntil - now or first and first - now or 100
return { granted, wait, replicas, now, now < quarantinedUntil and 1 or 0 }`

const noPermits: PermitRequest = {
  wanted: 0,
  limit: 1,
  lifetimeMs: 1,
  uncounted: 0,
  share: 0,
  confirmedAt: 0,
  degradedAfterMs: 0,
  hasClockJumped: false,
}

export interface RedisLimiter extends SharedLimiter {
  /** Runs the script on keys of its own, and removes them. @param name is used by this process alone */
  probe(name: string): Promise<void>
  /** Removes the replica, so that Redis reserves no share for it. */
  close(): Promise<void>
}

/** @param replica names this process */
export function createRedisLimiter(connection: RedisConnection, replica: string): RedisLimiter {
  let requests = 0

  async function acquire(keys: readonly string[], request: PermitRequest): Promise<PermitReply> {
    requests += 1
    const bounds = [requests, rememberReplicaMs, quarantineMs, maxPermitMs]
    const { wanted, limit, lifetimeMs, uncounted, share, confirmedAt, degradedAfterMs } = request
    const fields = [wanted, limit, lifetimeMs, uncounted, share, confirmedAt, degradedAfterMs]
    const numbers = [...bounds, ...fields, Number(request.hasClockJumped)]
    const reply = await connection.run(acquireSharedScript, keys, [replica, ...numbers.map(String)])
    const [granted, waitMs, replicas, now, isQuarantined] = Array.isArray(reply) ? reply.map(Number) : []
    if (granted === undefined || waitMs === undefined || replicas === undefined || now === undefined) {
      throw unexpectedReply()
    }
    return { granted, waitMs, replicas, now, isQuarantined: isQuarantined === 1 }
  }

  return {
    acquireShared: (request) => acquire(permitKeys, request),
    async probe(name) {
      const probeKeys = permitKeys.map((key) => `${name}:${key}`)
      await acquire(probeKeys, noPermits)
      await connection.send((client) => client.del(probeKeys.map((key) => keyPrefix + key)))
    },
    async close() {
      if (requests === 0) return
      await connection.send((client) => client.hDel(keyPrefix + replicasKey, replica)).catch(() => undefined)
    },
  }
}
