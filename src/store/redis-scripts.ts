/** What runs inside Redis, in Lua. Each script is atomic. */

/**
 * A share is a hash: what the owner's records are charged, by the moment at which they expire. The first
 * write is the record's. A full Redis refuses that one, and takes all that follow it in one script.
 */
const shareFunctions = `
local function add(share, expiresAt, bytes)
  local field = string.format('%.0f', expiresAt)
  if redis.call('HINCRBY', share, field, bytes) <= 0 then redis.call('HDEL', share, field) end
end
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function expiry(now, ttl, steps)
  local step = math.ceil(ttl / steps)
  return math.ceil((now + ttl) / step) * step
end
local function keepUntil(share, expiresAt)
  if redis.call('PEXPIRETIME', share) < expiresAt then
    redis.call('PEXPIREAT', share, string.format('%.0f', expiresAt))
  end
end`

/**
 * Keys: the record, its owner's share. Arguments: the record, its time to live, what it is charged, the
 * limit of the share, steps of the time to live.
 */
export const claimScript = `${shareFunctions}
local there = redis.call('GET', KEYS[1])
if there then return { 'PRESENT', there } end
local now, bytes, limit = clock(), tonumber(ARGV[3]), tonumber(ARGV[4])
local used, expired = 0, {}
local sums = redis.call('HGETALL', KEYS[2])
for index = 1, #sums, 2 do
  if tonumber(sums[index]) <= now then table.insert(expired, sums[index])
  else used = used + tonumber(sums[index + 1]) end
end
if limit > 0 and used + bytes > limit then return { 'OVER_LIMIT', used } end
local expiresAt = expiry(now, tonumber(ARGV[2]), tonumber(ARGV[5]))
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', string.format('%.0f', expiresAt))
for _, field in ipairs(expired) do redis.call('HDEL', KEYS[2], field) end
add(KEYS[2], expiresAt, bytes)
keepUntil(KEYS[2], expiresAt)
return { 'PUT' }`

/** Keys: the record. Arguments: the expected one, the new one, its time to live. */
export const replaceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

/**
 * Keys: the record, its owner's share. Arguments: the expected record, the new one, its time to live,
 * what it is charged, what the expected one was charged, steps of the time to live.
 */
export const replaceChargedScript = `${shareFunctions}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
local expiresAt = expiry(clock(), tonumber(ARGV[3]), tonumber(ARGV[6]))
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', string.format('%.0f', expiresAt))
add(KEYS[2], expiredAt, -tonumber(ARGV[5]))
add(KEYS[2], expiresAt, tonumber(ARGV[4]))
keepUntil(KEYS[2], expiresAt)
return 1`

/** Keys: the record. Arguments: the expected one. */
export const removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** Keys: the record, its owner's share. Arguments: the expected record, what it was charged. */
export const removeChargedScript = `${shareFunctions}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
redis.call('DEL', KEYS[1])
add(KEYS[2], expiredAt, -tonumber(ARGV[2]))
return 1`

/** A list of the turns taken, newest first, by the one clock that all replicas share; and who asks. */
export const takeTurnsScript = `
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
export const takeTokensScript = `
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
