/** Records in Redis, which several replicas share. */
import { expirySteps } from './expiry.ts'
import { digestOfOwner } from './quota-usage.ts'
import type { RedisConnection } from './redis-connection.ts'
import { NotSentError, redisProblemOf } from './redis-errors.ts'
import {
  claimScript,
  openScript,
  putIfAbsentScript,
  readScript,
  removeChargedScript,
  removeScript,
  replaceChargedScript,
  replaceScript,
} from './redis-record-scripts.ts'
import type { ScriptReply, ReplyReader } from './redis-replies.ts'
import { unexpectedReply } from './redis-replies.ts'
import type { RedisClient } from './redis-connection.ts'
import { keyPrefix } from './redis-connection.ts'
import type { ClaimResult, RecordStore, StoredRecord } from './store.ts'
import { maxRecordBytes } from './store.ts'

/** Holds the time since which Redis has had its data. */
const epochKey = 'epoch'
/** A key that never has a record. */
const noKey = 'none'
/** An unfinished probe's record expires by itself. */
const probeTtlMs = 10_000

export interface RedisRecords extends RecordStore {
  /**
   * Writes, replaces and removes a record of the largest size. No quarantine applies.
   *
   * @param key is used by this process alone
   * @throws if one of these fails
   */
  readonly probe: (key: string) => Promise<void>
}

/** Checks a connection before its first use: it reads Redis's clock, and notices a Redis without data. */
export async function markEpoch(client: RedisClient, replies: ReplyReader): Promise<void> {
  const sentAt = performance.now()
  replies.read(await client.eval(openScript, { keys: [keyPrefix + epochKey] }), sentAt)
}

/** @param quarantineMs how long a Redis that is new, or has lost its data, refuses unknown keys; 0: not at all */
export function createRedisRecords(
  connection: RedisConnection,
  replies: ReplyReader,
  quarantineMs: number,
): RedisRecords {
  async function run(
    script: string,
    keys: readonly string[],
    texts: readonly string[],
  ): Promise<ScriptReply> {
    const sentAt = performance.now()
    return replies.read(await connection.run(script, keys, texts), sentAt)
  }

  /**
   * Writes a record in time or not at all. If Redis says that a script with a valid deadline came too late, its
   * clock was set: the write is tried once more, with a deadline on the new clock.
   *
   * @param write sends the script, with the time after which the record is not written
   * @throws NotSentError if the record was certainly not written
   */
  async function writeInTime(write: (deadline: string) => Promise<ScriptReply>): Promise<ScriptReply> {
    const reply = await write(replies.writeDeadline())
    if (reply.state !== 'LATE') return reply
    const second = await write(replies.writeDeadline())
    if (second.state === 'LATE') throw new NotSentError('Redis received the command too late')
    return second
  }

  /** @param epochQuarantineMs how long an epoch quarantines unknown keys; 0: no quarantine at all */
  async function claim(
    ...[key, record, ttlMs, charge, epochQuarantineMs]: [...Parameters<RecordStore['claim']>, number]
  ): Promise<ClaimResult> {
    const { owner, bytes, limitBytes } = charge
    const keys = [key, noKey, quotaKey(owner), epochKey]
    const { state, value, ageMs } = await writeInTime((deadline) => {
      const localQuarantineMs = epochQuarantineMs === 0 ? 0 : replies.quarantineLeftMs()
      const numbers = [ttlMs, bytes, limitBytes, expirySteps].map(String)
      const quarantines = [epochQuarantineMs, localQuarantineMs].map(String)
      return run(claimScript, keys, [record, ...numbers, deadline, ...quarantines])
    })
    if (state === 'PUT') return { state }
    if (state === 'PRESENT' && typeof value === 'string') return { state, record: value, ageMs }
    if (state === 'OVER_LIMIT' && typeof value === 'number') return { state, usedBytes: value }
    if (state === 'QUARANTINED' && typeof value === 'number') return { state, retryAfterMs: value }
    throw unexpectedReply()
  }

  async function change(script: string, keys: readonly string[], texts: readonly string[]): Promise<boolean> {
    const { state } = await run(script, keys, texts)
    if (state === 'DONE' || state === 'DIFFERENT') return state === 'DONE'
    throw unexpectedReply()
  }

  const records: RecordStore = {
    isShared: true,
    async readRecord(key) {
      return storedOf(await run(readScript, [key, noKey], []))
    },
    async putIfAbsent(key, record, ttlMs) {
      const reply = await writeInTime((deadline) =>
        run(putIfAbsentScript, [key, noKey], [record, String(ttlMs), deadline]),
      )
      return reply.state === 'PUT' ? null : storedOf(reply)
    },
    async claim(key, record, ttlMs, charge) {
      try {
        return await claim(key, record, ttlMs, charge, quarantineMs)
      } catch (error) {
        // After a lost connection or a timeout the record may have been written.
        const isUnwritten = error instanceof NotSentError || redisProblemOf(error)?.isUnwritten
        if (error instanceof Error && isUnwritten) return { state: 'REFUSED', reason: error.message }
        throw error
      }
    },
    replace(key, expected, record, ttlMs, charge) {
      const texts = [expected, record, String(ttlMs)]
      if (charge === undefined) return change(replaceScript, [key], texts)
      const numbers = [charge.bytes, charge.replacedBytes, expirySteps].map(String)
      return change(replaceChargedScript, [key, quotaKey(charge.owner)], [...texts, ...numbers])
    },
    remove(key, expected, charge) {
      if (charge === undefined) return change(removeScript, [key], [expected])
      const texts = [expected, String(charge.bytes)]
      return change(removeChargedScript, [key, quotaKey(charge.owner)], texts)
    },
  }

  return {
    ...records,
    async probe(key) {
      const record = 'x'.repeat(maxRecordBytes)
      const charge = { owner: key, bytes: 1, limitBytes: 0 }
      const claimed = await claim(key, record, probeTtlMs, charge, 0)
      // An earlier probe that did not finish may have left its record.
      const current = claimed.state === 'PRESENT' ? claimed.record : record
      const replacing = { owner: key, bytes: 1, replacedBytes: 1 }
      const isReplaced = await records.replace(key, current, 'y', probeTtlMs, replacing)
      const isRemoved = await records.remove(key, 'y', charge)
      if (!isReplaced || !isRemoved) throw new Error('Redis has lost a record that was just written')
    },
  }
}

function storedOf({ state, value, ageMs }: ScriptReply): StoredRecord | null {
  if (state === 'ABSENT') return null
  if (state === 'PRESENT' && typeof value === 'string') return { record: value, ageMs }
  throw unexpectedReply()
}

/** Replicas of several versions share the key, so that its name is kept. */
function quotaKey(owner: string): string {
  return `share:${digestOfOwner(owner)}`
}
