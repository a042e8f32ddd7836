/** Token buckets in Redis, which several replicas share. */
import { digestOfOwner } from './quota-usage.ts'
import type { RedisConnection } from './redis-connection.ts'
import { unexpectedReply } from './redis-replies.ts'
import type { SharedBuckets } from './shared-limits.ts'

/**
 * The key holds the time at which the bucket will be full, in whole microseconds. A full bucket has no key.
 * Keys: the bucket. Arguments: tokens, the mode, tokens a second, the capacity.
 * Replies 0 if the tokens were taken; otherwise the milliseconds until the bucket has enough.
 */
const takeTokensScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local perToken = math.ceil(1000000 / ARGV[3])
local perBucket = perToken * ARGV[4]
local missing = math.max(0, (redis.call('GET', KEYS[1]) or now) - now)
-- A bucket cannot miss more than this: the clock was set back.
if missing > 2 * perBucket then missing = 0 end
local fullIn = missing + perToken * ARGV[1]
if ARGV[2] == 'IF_AVAILABLE' and fullIn > perBucket then return math.ceil((fullIn - perBucket) / 1000) end
fullIn = math.max(1, math.min(fullIn, 2 * perBucket))
redis.call('SET', KEYS[1], string.format('%.0f', now + fullIn), 'PX', math.ceil(fullIn / 1000))
return 0`

export function createRedisBuckets(connection: RedisConnection): SharedBuckets {
  return {
    async takeTokens({ bucket, tokens, mode, perSecond, capacity }) {
      const texts = [String(tokens), mode, String(perSecond), String(capacity)]
      const reply = await connection.run(takeTokensScript, [`tokens:${digestOfOwner(bucket)}`], texts)
      if (typeof reply !== 'number') throw unexpectedReply()
      return reply
    },
  }
}
