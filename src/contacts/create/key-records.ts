/** The records of idempotency keys in the store: bounded in size, and counted in their caller's share. */
import type { ClaimResult, RecordStore, StoredRecord } from '../../store/store.ts'
import { largestRecordBytes } from '../../store/store.ts'
import { readRecord } from './idempotency-record.ts'

export interface KeyRecordOptions {
  /** Milliseconds for which a key is remembered, at least. */
  readonly ttlMs: number
  /** What the live records of one caller may count for together, in bytes; 0: no limit. */
  readonly callerStoreBytes: number
}

/** Where a key's record is, and whose it is. */
export interface KeyPlace {
  readonly id: string
  readonly owner: string
}

/** Texts are records as `writeRecord` writes them. Every function rejects where the store does not answer. */
export interface KeyRecords {
  /** What a new key needs of its caller's share, in bytes. */
  readonly claimBytes: number
  get(place: KeyPlace): Promise<StoredRecord | null>
  /** Puts the record of a call that starts, if the key has none and the share has room. */
  claim(place: KeyPlace, text: string): Promise<ClaimResult>
  /** @returns whether the record was still the expected one, and is replaced */
  replace(place: KeyPlace, expected: string, text: string): Promise<boolean>
  /** Puts the record of a key that the store has lost. @returns whether it is there now, as it was put */
  restore(place: KeyPlace, text: string): Promise<boolean>
  /** @returns whether the record was still the expected one, and is gone */
  remove(place: KeyPlace, expected: string): Promise<boolean>
}

/** What stores need beside the text: the key, its expiry, and their own structures. */
const overheadBytes = 256

export function createKeyRecords(
  store: RecordStore,
  { ttlMs, callerStoreBytes }: KeyRecordOptions,
): KeyRecords {
  return {
    claimBytes: largestRecordBytes + overheadBytes,
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

/** A call that is running counts for the largest record, so that the share has room for its result. */
function chargeOf(text: string): number {
  const isRunning = readRecord(text).state === 'RUNNING'
  return (isRunning ? largestRecordBytes : Buffer.byteLength(text)) + overheadBytes
}
