/** `redis://…`: one memory for several replicas. */
import { randomUUID } from 'node:crypto'
import type { Logger } from '../domain/logger.ts'
import { RedisClock } from './redis-clock.ts'
import type { RedisClient } from './redis-connection.ts'
import { logAgainAfterMs, openRedisConnection, patienceMs } from './redis-connection.ts'
import {
  clusterReason,
  NotSentError,
  reasonOf,
  redisProblemOf,
  sentinelReason,
  UnsupportedRedisError,
} from './redis-errors.ts'
import {
  claimScript,
  getScript,
  openScript,
  putIfAbsentScript,
  removeChargedScript,
  removeScript,
  replaceChargedScript,
  replaceScript,
  takeTokensScript,
  acquireSharedScript,
} from './redis-scripts.ts'
import { digestOfOwner } from './shares.ts'
import type { ClaimResult, LimitedCharge, PermitReply, PermitRequest, Store, StoredRecord } from './store.ts'
import { expirySteps, largestRecordBytes } from './store.ts'

const prefix = 'callbell-graphql:'
/** Since when Redis has had its data, as `redis-scripts.ts` has it. */
const epochKey = 'epoch'
/** Has no record. */
const noKey = 'none'

/** For how long a replica that has not asked is counted: it may be cut off, and come back. */
const rememberReplicaMs = 60_000
/** What a probe writes is removed by itself if the probe is not ended. */
const probeTtlMs = 10_000
/**
 * A clock that was set forward by this much has ended records that it must not end: half of the shortest
 * time to live that can be configured.
 */
const lossyJumpMs = 1_800_000
/** A permit counts for no longer than that: what is written as longer was written by another clock. */
const longestPermitMs = 2500
/**
 * For how long no permit is granted after they may have been forgotten, at least: until none of them counts
 * any more, and all replicas have had the time to connect again.
 */
const quietMs = 2000
const replicasKey = 'permits:replicas'
const permitKeys = ['permits', replicasKey, 'permits:quiet-until']

export interface RedisOptions {
  /** Milliseconds for which keys that are not there are refused by a Redis that has lost its data, or is new. */
  readonly quarantineMs: number
}

/**
 * Does not wait for a Redis that can't be reached: until it can, and whenever it can't, operations reject.
 *
 * @throws UnsupportedRedisError if it is a cluster, or keeps no data
 */
export async function openRedisStore(url: string, log: Logger, options: RedisOptions): Promise<Store> {
  const replica = randomUUID()
  const clock = new RedisClock()
  /** On the clock of `performance.now()`. */
  let quarantinedUntil = Number.NEGATIVE_INFINITY
  let jumpLoggedAt = Number.NEGATIVE_INFINITY
  let evictionPolicy = ''
  let questions = 0

  /** What must be known before a connection is used: that this is a Redis that can be written to. */
  async function prepare(client: RedisClient): Promise<void> {
    const { mode } = await client.hello()
    if (mode === 'cluster') throw new UnsupportedRedisError(clusterReason)
    if (mode === 'sentinel') throw new UnsupportedRedisError(sentinelReason)
    const askedAt = performance.now()
    readReply(await client.eval(openScript, { keys: [prefix + epochKey] }), askedAt)
    await readEvictionPolicy(client)
  }

  const connection = openRedisConnection(url, log, prepare)

  /** What evicts records may evict any of them. Where it may not be asked for, it is not known. */
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
    return `maxmemory-policy is ${evictionPolicy}: idempotency keys may be evicted; set noeviction`
  }

  function run(script: string, keys: readonly string[], texts: readonly string[]): Promise<unknown> {
    return connection.send((client) =>
      client.eval(script, { keys: keys.map((key) => prefix + key), arguments: [...texts] }),
    )
  }

  async function runForRecords(
    script: string,
    keys: readonly string[],
    texts: readonly string[],
  ): Promise<Reply> {
    const askedAt = performance.now()
    return readReply(await run(script, keys, texts), askedAt)
  }

  /** @throws if it is no reply of a script for records */
  function readReply(reply: unknown, askedAt: number): Reply {
    const answeredAt = performance.now()
    const [timeUs, state, value, ageMs]: unknown[] = Array.isArray(reply) ? reply : []
    if (typeof timeUs !== 'number' || typeof state !== 'string') throw unexpected()
    const jumpMs = clock.observe(timeUs, askedAt, answeredAt)
    if (jumpMs > 0 && answeredAt - jumpLoggedAt >= logAgainAfterMs) {
      log.warn({ jumpMs: Math.round(jumpMs) }, 'the clock of Redis was set forward; ages count from now on')
      jumpLoggedAt = answeredAt
    }
    if (jumpMs >= lossyJumpMs) quarantinedUntil = answeredAt + options.quarantineMs
    if (state === 'LATE') clock.reset(timeUs, askedAt, answeredAt)
    return { state, value, ageMs: typeof ageMs === 'number' ? clock.trusted(ageMs, answeredAt) : 0 }
  }

  /** When what is asked for now is not to be done any more, as nobody waits for it: by Redis' clock. */
  const notAfter = (): string => String(clock.latestAt(performance.now() + patienceMs))

  /**
   * Asks for a record to be put now or not at all. What Redis has got in time and found to be late shows
   * that its clock was set: by the new one it is asked for once more.
   *
   * @param ask asks, with the moment after which the record is not put
   * @throws NotSentError if the record was surely not put
   */
  async function putInTime(ask: (limit: string) => Promise<Reply>): Promise<Reply> {
    const reply = await ask(notAfter())
    if (reply.state !== 'LATE') return reply
    const second = await ask(notAfter())
    if (second.state === 'LATE') throw new NotSentError('Redis was asked too late')
    return second
  }

  /** @param quarantineMs of an epoch, and whether there is any at all. Default: as configured */
  async function claim(
    key: string,
    record: string,
    ttlMs: number,
    { owner, bytes, limitBytes }: LimitedCharge,
    quarantineMs = options.quarantineMs,
  ): Promise<ClaimResult> {
    const keys = [key, noKey, shareOf(owner), epochKey]
    const { state, value, ageMs } = await putInTime((limit) => {
      const localMs = quarantineMs === 0 ? 0 : Math.max(0, quarantinedUntil - performance.now())
      const numbers = [ttlMs, bytes, limitBytes, expirySteps].map(String)
      return runForRecords(claimScript, keys, [record, ...numbers, limit, `${quarantineMs}`, `${localMs}`])
    })
    if (state === 'PUT') return { state }
    if (state === 'PRESENT' && typeof value === 'string') return { state, record: value, ageMs }
    if (state === 'OVER_LIMIT' && typeof value === 'number') return { state, usedBytes: value }
    if (state === 'QUARANTINED' && typeof value === 'number') return { state, retryAfterMs: value }
    throw unexpected()
  }

  async function change(script: string, keys: readonly string[], texts: readonly string[]): Promise<boolean> {
    const { state } = await runForRecords(script, keys, texts)
    if (state === 'DONE' || state === 'ANOTHER') return state === 'DONE'
    throw unexpected()
  }

  function replace(
    ...[key, expected, record, ttlMs, charge]: Parameters<Store['replace']>
  ): Promise<boolean> {
    const texts = [expected, record, String(ttlMs)]
    if (charge === undefined) return change(replaceScript, [key], texts)
    const numbers = [charge.bytes, charge.replacedBytes, expirySteps].map(String)
    return change(replaceChargedScript, [key, shareOf(charge.owner)], [...texts, ...numbers])
  }

  function remove(...[key, expected, charge]: Parameters<Store['remove']>): Promise<boolean> {
    if (charge === undefined) return change(removeScript, [key], [expected])
    const texts = [expected, String(charge.bytes)]
    return change(removeChargedScript, [key, shareOf(charge.owner)], texts)
  }

  async function takeTokens(
    ...[bucket, tokens, mode, perSecond, capacity]: Parameters<TakeTokens>
  ): Promise<number> {
    const texts = [String(tokens), mode, String(perSecond), String(capacity)]
    const reply = await run(takeTokensScript, [`tokens:${digestOfOwner(bucket)}`], texts)
    if (typeof reply !== 'number') throw new Error('Redis gave no tokens')
    return reply
  }

  /** @param keys of the permits, the replicas, and the time until which nothing is granted */
  async function askForPermits(keys: readonly string[], request: PermitRequest): Promise<PermitReply> {
    const { wanted, limit, lifetimeMs, uncounted, share, confirmedAt, absentAfterMs, isReset } = request
    questions += 1
    const bounds = [questions, rememberReplicaMs, quietMs, longestPermitMs]
    const fields = [wanted, limit, lifetimeMs, uncounted, share, confirmedAt, absentAfterMs, Number(isReset)]
    const reply = await run(acquireSharedScript, keys, [replica, ...[...bounds, ...fields].map(String)])
    const [granted, waitMs, replicas, now, isQuiet] = Array.isArray(reply) ? reply.map(Number) : []
    if (granted === undefined || waitMs === undefined || replicas === undefined || now === undefined) {
      throw unexpected()
    }
    return { granted, waitMs, replicas, now, isQuiet: isQuiet === 1 }
  }

  /** All that is asked of Redis, on keys of this process: what can't be done is noticed before it is needed. */
  async function probe(): Promise<void> {
    const name = `probe:${replica}`
    const record = 'x'.repeat(largestRecordBytes)
    const charge = { owner: name, bytes: 1, limitBytes: 0 }
    const claimed = await claim(name, record, probeTtlMs, charge, 0)
    // One that was not ended has left it.
    const there = claimed.state === 'PRESENT' ? claimed.record : record
    const isReplaced = await replace(name, there, 'y', probeTtlMs, {
      owner: name,
      bytes: 1,
      replacedBytes: 1,
    })
    const isRemoved = await remove(name, 'y', charge)
    if (!isReplaced || !isRemoved) throw new Error('Redis has lost what was just written')
    const none = {
      wanted: 0,
      limit: 1,
      lifetimeMs: 1,
      uncounted: 0,
      share: 0,
      confirmedAt: 0,
      absentAfterMs: 0,
      isReset: false,
    }
    const probeKeys = permitKeys.map((key) => `${name}:${key}`)
    await Promise.all([
      askForPermits(probeKeys, none),
      takeTokens(name, 0, 'IF_THERE', 1, 1),
      connection.send(readEvictionPolicy),
    ])
    await connection.send((client) => client.del(probeKeys.map((key) => prefix + key)))
  }

  await connection.tried
  const problem = connection.problem()
  if (problem instanceof UnsupportedRedisError) {
    connection.close()
    throw problem
  }

  return {
    isShared: true,
    async get(key) {
      return storedOf(await runForRecords(getScript, [key, noKey], []))
    },
    async putIfAbsent(key, record, ttlMs) {
      const reply = await putInTime((limit) =>
        runForRecords(putIfAbsentScript, [key, noKey], [record, String(ttlMs), limit]),
      )
      return reply.state === 'PUT' ? null : storedOf(reply)
    },
    async claim(key, record, ttlMs, charge) {
      try {
        return await claim(key, record, ttlMs, charge)
      } catch (error) {
        // A lost connection or no answer proves nothing.
        const isUnwritten = error instanceof NotSentError || redisProblemOf(error)?.isUnwritten
        if (error instanceof Error && isUnwritten) return { state: 'REFUSED', reason: error.message }
        throw error
      }
    },
    replace,
    remove,
    acquireShared: (request) => askForPermits(permitKeys, request),
    takeTokens,
    async ping() {
      try {
        await probe()
        return evictionWarning()
      } catch (error) {
        throw new Error(reasonOf(error), { cause: error })
      }
    },
    async close() {
      // Nothing is reserved for a replica that has ended.
      if (questions > 0) {
        await connection.send((client) => client.hDel(prefix + replicasKey, replica)).catch(() => undefined)
      }
      connection.close()
    },
  }
}

type TakeTokens = NonNullable<Store['takeTokens']>

/** What a script for records replies, without Redis' clock. */
interface Reply {
  readonly state: string
  readonly value: unknown
  /** Of a record that is `PRESENT`, in milliseconds. */
  readonly ageMs: number
}

function storedOf({ state, value, ageMs }: Reply): StoredRecord | null {
  if (state === 'ABSENT') return null
  if (state === 'PRESENT' && typeof value === 'string') return { record: value, ageMs }
  throw unexpected()
}

function unexpected(): Error {
  return new Error('Redis gave an unexpected reply')
}

function shareOf(owner: string): string {
  return `share:${digestOfOwner(owner)}`
}
