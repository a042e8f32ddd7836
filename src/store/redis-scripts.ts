/** What runs inside Redis, in Lua. Each script is atomic. */

/**
 * A record's value is the moment at which it was written, in microseconds of Redis' clock, a colon, and
 * the record. One of an earlier version has no such moment, and one from after now was written before
 * the clock was set back: both count as written now, so that their age grows from here on. Where Redis
 * takes no write, the age stays 0.
 */
const recordFunctions = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function write(key, record, now, ...)
  return redis.call('SET', key, string.format('%.0f:', now) .. record, ...)
end
local function recordOf(value)
  if not value then return nil end
  local stamp, record = string.match(value, '^(%d+):(.*)$')
  return record or value, tonumber(stamp)
end
local function read(key, now)
  local record, stamp = recordOf(redis.call('GET', key))
  if not record then return nil end
  if stamp and stamp <= now then return record, math.floor((now - stamp) / 1000) end
  redis.pcall('SET', key, string.format('%.0f:', now) .. record, 'KEEPTTL')
  return record, 0
end`

/**
 * A share is a hash: what the owner's records are charged, by the moment at which they expire. The first
 * write is the record's. A full Redis refuses that one, and takes all that follow it in one script.
 */
const shareFunctions = `${recordFunctions}
local function add(share, expiresAt, bytes)
  local field = string.format('%.0f', expiresAt)
  if redis.call('HINCRBY', share, field, bytes) <= 0 then redis.call('HDEL', share, field) end
end
local function expiry(now, ttl, steps)
  local step = math.ceil(ttl / steps)
  return math.ceil((math.floor(now / 1000) + ttl) / step) * step
end
local function keepUntil(share, expiresAt)
  if redis.call('PEXPIRETIME', share) < expiresAt then
    redis.call('PEXPIREAT', share, string.format('%.0f', expiresAt))
  end
end`

/**
 * Asks for a write that changes nothing, as a replica answers reads with what it has, and that may be
 * old. Called after all writes: a full Redis would take them after this one.
 */
const masterFunctions = `
local function refusal(key)
  local reply = redis.pcall('DEL', key)
  if type(reply) == 'table' and string.find(reply.err, 'READONLY', 1, true) then return reply end
end`

// Every reply of a script for records is Redis' clock, in microseconds, a state, and what belongs to it.

/** Keys: the record, one that never is. Replies `ABSENT`, or `PRESENT` with the record and its age in milliseconds. */
export const getScript = `${recordFunctions}${masterFunctions}
local now = clock()
local there, age = read(KEYS[1], now)
return refusal(KEYS[2]) or there and { now, 'PRESENT', there, age } or { now, 'ABSENT' }`

/**
 * Keys: the record, one that never is. Arguments: the record, its time to live, the moment after which
 * it is not put. Replies `PUT`, `LATE`, or `PRESENT` as `getScript` does.
 */
export const putIfAbsentScript = `${recordFunctions}${masterFunctions}
local now = clock()
local there, age = read(KEYS[1], now)
if there then return refusal(KEYS[2]) or { now, 'PRESENT', there, age } end
if now > tonumber(ARGV[3]) then return { now, 'LATE' } end
write(KEYS[1], ARGV[1], now, 'PX', ARGV[2])
return { now, 'PUT' }`

/**
 * The epoch is the moment at which Redis was found without it: it had no data then. A clock that was set
 * back behind it must not make everyone wait for it.
 */
const epochFunction = `
local function msSinceEpoch(key, now)
  local epoch = tonumber(redis.call('GET', key) or nil)
  if epoch and epoch <= now then return (now - epoch) / 1000 end
  redis.call('SET', key, string.format('%.0f', now))
  return 0
end`

/** Keys: the epoch. Fails where Redis is a replica. */
export const openScript = `${recordFunctions}
local now = clock()
local reply = redis.pcall('SET', KEYS[1], string.format('%.0f', now), 'NX')
if type(reply) == 'table' and reply.err and string.find(reply.err, 'READONLY', 1, true) then return reply end
return { now, 'OPEN' }`

/**
 * Keys: the record, one that never is, its owner's share, the epoch. Arguments: the record, its time to
 * live, what it is charged, the limit of the share, steps of the time to live, the moment after which it
 * is not put, milliseconds for which an epoch quarantines keys that are not there, milliseconds for which
 * they are quarantined in any case.
 */
export const claimScript = `${shareFunctions}${masterFunctions}${epochFunction}
local now = clock()
local there, age = read(KEYS[1], now)
if there then return refusal(KEYS[2]) or { now, 'PRESENT', there, age } end
if now > tonumber(ARGV[6]) then return { now, 'LATE' } end
local quarantine = math.max(tonumber(ARGV[7]) - msSinceEpoch(KEYS[4], now), tonumber(ARGV[8]))
if quarantine > 0 then return { now, 'QUARANTINED', math.ceil(quarantine) } end
local bytes, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local used, expired = 0, {}
local sums = redis.call('HGETALL', KEYS[3])
for index = 1, #sums, 2 do
  if tonumber(sums[index]) * 1000 <= now then table.insert(expired, sums[index])
  else used = used + tonumber(sums[index + 1]) end
end
if limit > 0 and used + bytes > limit then return { now, 'OVER_LIMIT', used } end
local expiresAt = expiry(now, tonumber(ARGV[2]), tonumber(ARGV[5]))
write(KEYS[1], ARGV[1], now, 'PXAT', string.format('%.0f', expiresAt))
for _, field in ipairs(expired) do redis.call('HDEL', KEYS[3], field) end
add(KEYS[3], expiresAt, bytes)
keepUntil(KEYS[3], expiresAt)
return { now, 'PUT' }`

/** Keys: the record. Arguments: the expected one, the new one, its time to live. */
export const replaceScript = `${recordFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'ANOTHER' } end
write(KEYS[1], ARGV[2], now, 'PX', ARGV[3])
return { now, 'DONE' }`

/**
 * Keys: the record, its owner's share. Arguments: the expected record, the new one, its time to live,
 * what it is charged, what the expected one was charged, steps of the time to live.
 */
export const replaceChargedScript = `${shareFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'ANOTHER' } end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
local expiresAt = expiry(now, tonumber(ARGV[3]), tonumber(ARGV[6]))
write(KEYS[1], ARGV[2], now, 'PXAT', string.format('%.0f', expiresAt))
add(KEYS[2], expiredAt, -tonumber(ARGV[5]))
add(KEYS[2], expiresAt, tonumber(ARGV[4]))
keepUntil(KEYS[2], expiresAt)
return { now, 'DONE' }`

/** Keys: the record. Arguments: the expected one. */
export const removeScript = `${recordFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'ANOTHER' } end
redis.call('DEL', KEYS[1])
return { now, 'DONE' }`

/** Keys: the record, its owner's share. Arguments: the expected record, what it was charged. */
export const removeChargedScript = `${shareFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'ANOTHER' } end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
redis.call('DEL', KEYS[1])
add(KEYS[2], expiredAt, -tonumber(ARGV[2]))
return { now, 'DONE' }`

/**
 * Permits that replicas share. Keys: the permits, each with the time until which it counts; the replicas,
 * each with when it asked, what it has confirmed, its share and its uncounted requests; until when nothing is
 * granted. The third key marks that the memory is whole: where it is missing, permits may have been forgotten.
 * None of them expires, as the clock may jump.
 * Arguments: the replica, the number of its question, milliseconds for which a replica is remembered, for
 * which nothing is granted after a loss, for which a permit counts at most; then the fields of `PermitRequest`.
 */
export const acquireSharedScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replica, question = ARGV[1], ARGV[2]
local remember, quiet, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local wanted, limit, lifetime, uncounted = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local share, confirmed, absentAfter = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local function numbers(record)
  local asked, seen, alone, more = string.match(record, '^(%d+) (%d+) (%d+) (%d+)$')
  return tonumber(asked), tonumber(seen), tonumber(alone), tonumber(more)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) or 0
local quietUntil = tonumber(redis.call('GET', KEYS[3]))
local own = redis.call('HGET', KEYS[2], replica)
-- It was told more than is known here: this is an older copy.
local isOlder = confirmed > 0 and now - confirmed < remember and (not own or numbers(own) < confirmed)
-- From after any time that could have been written: the clock was set back.
if not quietUntil or quietUntil > now + longest or last > now + longest
  or (now >= quietUntil and (isOlder or ARGV[13] == '1')) then
  redis.call('DEL', KEYS[1])
  quietUntil = now + math.max(quiet, lifetime)
  redis.call('SET', KEYS[3], string.format('%.0f', quietUntil))
end
redis.call('HSET', KEYS[2], replica, string.format('%.0f %.0f %.0f %.0f', now, confirmed, share, uncounted))
local replicas, reserved, more = 0, 0, 0
local records = redis.call('HGETALL', KEYS[2])
for index = 1, #records, 2 do
  local askedAt, confirmedAt, alone, uncountedThere = numbers(records[index + 1])
  if math.abs(now - askedAt) > remember then
    redis.call('HDEL', KEYS[2], records[index])
  else
    replicas = replicas + 1
    if now - confirmedAt <= absentAfter then more = more + uncountedThere
    -- It may be sending its share, without a word.
    else reserved = reserved + math.max(alone, uncountedThere) end
  end
end
local free = math.max(limit - reserved, share) - more - redis.call('ZCARD', KEYS[1])
local granted = now < quietUntil and 0 or math.max(0, math.min(wanted, free))
for permit = 1, granted do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + lifetime), replica .. ' ' .. question .. ' ' .. permit)
end
local first = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
local wait = now < quietUntil and quietUntil - now or first and first - now or 100
return { granted, wait, replicas, now, now < quietUntil and 1 or 0 }`

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
