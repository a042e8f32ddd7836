/** The records of idempotency keys in the store. Their size is bounded, and counts toward the quota of their caller. */
import type { ClaimResult, RecordStore, StoredRecord } from '../../store/store.ts'
import { maxRecordBytes } from '../../store/store.ts'
import { readRecord } from './idempotency-record.ts'

export interface KeyRecordOptions {
  /** Milliseconds for which the store keeps a key, at least. */
  readonly ttlMs: number
  /** The limit for all live records of one caller, in bytes; 0: no limit. */
  readonly callerStoreBytes: number
}

/** The id of a key's record, and the caller that owns the key. */
export interface RecordKey {
  readonly id: string
  readonly owner: string
}

/** Records are strings as `writeRecord` writes them. Every function rejects if the store does not answer. */
export interface KeyRecords {
  /** The bytes that a new key needs of its caller's quota. */
  readonly claimBytes: number
  get(recordKey: RecordKey): Promise<StoredRecord | null>
  /** Writes the record of a call that starts, if the key has none and the quota has room. */
  claim(recordKey: RecordKey, text: string): Promise<ClaimResult>
  /** @returns whether the record was the expected one, and is replaced */
  replace(recordKey: RecordKey, expected: string, text: string): Promise<boolean>
  /** Writes the record of a key that the store has lost. @returns whether the store has this record now */
  restore(recordKey: RecordKey, text: string): Promise<boolean>
  /** @returns whether the record was the expected one, and is removed */
  remove(recordKey: RecordKey, expected: string): Promise<boolean>
}

/** What stores need beside the record: the key, its expiry, and their own structures. */
const overheadBytes = 256

export function createKeyRecords(
  store: RecordStore,
  { ttlMs, callerStoreBytes }: KeyRecordOptions,
): KeyRecords {
  return {
    claimBytes: maxRecordBytes + overheadBytes,
    get: ({ id }) => store.readRecord(id),
    claim: ({ id, owner }, text) =>
      store.claim(id, text, ttlMs, { owner, bytes: chargeOf(text), limitBytes: callerStoreBytes }),
    replace: ({ id, owner }, expected, text) =>
      store.replace(id, expected, text, ttlMs, {
        owner,
        bytes: chargeOf(text),
        replacedBytes: chargeOf(expected),
      }),
    restore: async ({ id }, text) => {
      const found = await store.putIfAbsent(id, text, ttlMs)
      return found === null || found.record === text
    },
    remove: ({ id, owner }, expected) => store.remove(id, expected, { owner, bytes: chargeOf(expected) }),
  }
}

/** A call in flight counts as the largest record, so that the quota has room for its result. */
function chargeOf(text: string): number {
  const isRunning = readRecord(text).state === 'RUNNING'
  return (isRunning ? maxRecordBytes : Buffer.byteLength(text)) + overheadBytes
}
