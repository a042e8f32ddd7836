/** Lua scripts that read and write records inside Redis. Each script is atomic. */

/**
 * A record's value is the time of the write in microseconds of Redis's clock, a colon, and the record. A
 * record of an earlier version has no time. A time in the future was written before the clock was set back.
 * Both count as written now, so that their age grows from here on. While Redis rejects writes, their age
 * stays 0.
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
 * An owner's quota is a hash: what its records are charged, by the moment at which they expire. The first
 * write of a script is the record. A full Redis rejects that write; after a script's first write it accepts
 * all others of the script.
 */
const quotaFunctions = `${recordFunctions}
local function add(quota, expiresAt, bytes)
  local field = string.format('%.0f', expiresAt)
  if redis.call('HINCRBY', quota, field, bytes) <= 0 then redis.call('HDEL', quota, field) end
end
local function expiry(now, ttl, steps)
  local step = math.ceil(ttl / steps)
  return math.ceil((math.floor(now / 1000) + ttl) / step) * step
end
local function keepUntil(quota, expiresAt)
  if redis.call('PEXPIRETIME', quota) < expiresAt then
    redis.call('PEXPIREAT', quota, string.format('%.0f', expiresAt))
  end
end`

/**
 * Attempts a write that changes nothing, because a replica answers reads with data that may be old. Scripts
 * call it after all their writes: a full Redis would accept writes that follow it.
 */
const primaryFunctions = `
local function replicaError(key)
  local reply = redis.pcall('DEL', key)
  if type(reply) == 'table' and string.find(reply.err, 'READONLY', 1, true) then return reply end
end`

// Every reply is Redis's clock in microseconds, a state, and the values of that state.

/**
 * Keys: the record, a key that never exists.
 * Replies `ABSENT`, or `PRESENT` with the record and its age in milliseconds.
 */
export const readScript = `${recordFunctions}${primaryFunctions}
local now = clock()
local found, age = read(KEYS[1], now)
return replicaError(KEYS[2]) or found and { now, 'PRESENT', found, age } or { now, 'ABSENT' }`

/**
 * Keys: the record, a key that never exists. Arguments: the record, its time to live in milliseconds, the
 * time after which it is not written, in microseconds.
 * Replies `PUT`, `LATE`, or `PRESENT` as `readScript` does.
 */
export const putIfAbsentScript = `${recordFunctions}${primaryFunctions}
local now = clock()
local found, age = read(KEYS[1], now)
if found then return replicaError(KEYS[2]) or { now, 'PRESENT', found, age } end
if now > tonumber(ARGV[3]) then return { now, 'LATE' } end
write(KEYS[1], ARGV[1], now, 'PX', ARGV[2])
return { now, 'PUT' }`

/**
 * The epoch is the time at which a script found Redis without an epoch: Redis had no data then. An epoch in
 * the future was written before the clock was set back, and must not block anyone.
 */
const epochFunction = `
local function msSinceEpoch(key, now)
  local epoch = tonumber(redis.call('GET', key) or nil)
  if epoch and epoch <= now then return (now - epoch) / 1000 end
  redis.call('SET', key, string.format('%.0f', now))
  return 0
end`

/** Keys: the epoch. Fails on a replica. */
export const openScript = `${recordFunctions}
local now = clock()
local reply = redis.pcall('SET', KEYS[1], string.format('%.0f', now), 'NX')
if type(reply) == 'table' and reply.err and string.find(reply.err, 'READONLY', 1, true) then return reply end
return { now, 'OPEN' }`

/**
 * Keys: the record, a key that never exists, its owner's quota, the epoch.
 *
 * Arguments:
 * - the record, its time to live, its charge, the quota's limit
 * - steps of the time to live, and the time after which the record is not written
 * - how long an epoch quarantines unknown keys, and how long they are quarantined in any case
 *
 * Replies `PUT`, `LATE`, `PRESENT` as `readScript` does, `QUARANTINED` with milliseconds, or `OVER_LIMIT` with
 * the bytes used.
 */
export const claimScript = `${quotaFunctions}${primaryFunctions}${epochFunction}
local now = clock()
local found, age = read(KEYS[1], now)
if found then return replicaError(KEYS[2]) or { now, 'PRESENT', found, age } end
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

/**
 * Keys: the record. Arguments: the expected record, the new record, its time to live.
 * Replies `DONE` or `DIFFERENT`.
 */
export const replaceScript = `${recordFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'DIFFERENT' } end
write(KEYS[1], ARGV[2], now, 'PX', ARGV[3])
return { now, 'DONE' }`

/**
 * Keys: the record, its owner's quota. Arguments: the expected record, the new record, its time to live, its
 * charge, the expected record's charge, steps of the time to live.
 * Replies `DONE` or `DIFFERENT`.
 */
export const replaceChargedScript = `${quotaFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'DIFFERENT' } end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
local expiresAt = expiry(now, tonumber(ARGV[3]), tonumber(ARGV[6]))
write(KEYS[1], ARGV[2], now, 'PXAT', string.format('%.0f', expiresAt))
add(KEYS[2], expiredAt, -tonumber(ARGV[5]))
add(KEYS[2], expiresAt, tonumber(ARGV[4]))
keepUntil(KEYS[2], expiresAt)
return { now, 'DONE' }`

/** Keys: the record. Arguments: the expected record. Replies `DONE` or `DIFFERENT`. */
export const removeScript = `${recordFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'DIFFERENT' } end
redis.call('DEL', KEYS[1])
return { now, 'DONE' }`

/**
 * Keys: the record, its owner's quota. Arguments: the expected record, its charge.
 * Replies `DONE` or `DIFFERENT`.
 */
export const removeChargedScript = `${quotaFunctions}
local now = clock()
if recordOf(redis.call('GET', KEYS[1])) ~= ARGV[1] then return { now, 'DIFFERENT' } end
local expiredAt = redis.call('PEXPIRETIME', KEYS[1])
redis.call('DEL', KEYS[1])
add(KEYS[2], expiredAt, -tonumber(ARGV[2]))
return { now, 'DONE' }`
