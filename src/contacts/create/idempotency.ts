/** Idempotency keys: one creation for a key, across processes, repeats and failures. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from '../../domain/call-context.ts'
import type { WallClock } from '../../domain/moment.ts'
import { momentNow } from '../../domain/moment.ts'
import type { RecordStore, StoredRecord } from '../../store/store.ts'
import type { Logger } from '../../domain/logger.ts'
import { requireStore } from '../locks/require-store.ts'
import { createAbandonedClaims } from './abandoned-claims.ts'
import type { CreateAttempts, CreateCall } from './attempt-create.ts'
import type { Keyed, KeyedCall } from './claims.ts'
import { createClaims } from './claims.ts'
import type { IdempotencyRecord, RunningRecord } from './idempotency-record.ts'
import { isLeaseOver, readRecord } from './idempotency-record.ts'
import type { IdentityLocks } from '../locks/identity-locks.ts'
import {
  claimRefused,
  failureOf,
  keyReused,
  quarantined,
  quotaExceeded,
  tooManyClaims,
} from './key-failures.ts'
import type { RecordKey, KeyRecordOptions } from './key-records.ts'
import { createKeyRecords } from './key-records.ts'
import { createKeyedAttempts } from './keyed-attempts.ts'
import { replay } from './replay.ts'

export interface Idempotency {
  /**
   * @param key belongs to the caller of the call: the same key of another caller is another key
   * @throws CallbellError `CALLBELL_REJECTED`, which frees the key
   * @throws ContactsError
   */
  create<Made>(key: string, call: CreateCall<Made>): Promise<Keyed<Made>>
  /**
   * Reads the record of a key. Nothing is sent to Callbell.
   *
   * @returns null if there is none: this does not prove that nothing was created
   * @throws ContactsError if the store does not answer
   */
  find(key: string, context: CallContext): Promise<KeyedCallState | null>
}

/** What is stored of a keyed call. */
export interface KeyedCallState {
  readonly state: 'IN_FLIGHT' | 'APPLIED' | 'UNKNOWN'
  /** The uuid of the created contact; null for a note, and where it is not stored. */
  readonly contactUuid: string | null
}

export interface IdempotencyParts {
  readonly store: RecordStore
  readonly attempts: CreateAttempts
  readonly identities: IdentityLocks
  readonly log: Logger
  readonly wallClock?: WallClock | undefined
}

export interface IdempotencyOptions extends KeyRecordOptions {
  /**
   * Milliseconds after the end of an ambiguous attempt until a repeat may send again. Callbell, or a proxy
   * in front of it, may carry out a request this long after it gave up on the answer.
   */
  readonly resendAfterMs: number
}

const createdContact = z.object({ uuid: z.string() })

/** A call that waits for another replica polls the store, with a doubled pause: thousands may wait at once. */
const firstPollMs = 100
const maxPollMs = 500

export function createIdempotency(
  { store, attempts, identities, log, wallClock }: IdempotencyParts,
  options: IdempotencyOptions,
): Idempotency {
  const records = createKeyRecords(store, options)
  const abandonedClaims = createAbandonedClaims(records)
  const claims = createClaims(records, abandonedClaims, log)
  const { resendAfterMs } = options
  const keyedAttempts = createKeyedAttempts({ attempts, identities, records, claims, resendAfterMs })
  /**
   * Creations in flight in this process: their repeats wait for them, and send nothing to the store. Each is
   * a running call of `Contacts`, and ends by its deadline.
   */
  const inFlight = new Map<
    string,
    { readonly fingerprint: string; readonly result: Promise<Keyed<unknown>> }
  >()

  /** Claims the key and creates, or answers with what the key's record says. */
  async function create<Made>(call: KeyedCall<Made>): Promise<Keyed<Made>> {
    const { recordKey, fingerprint, context } = call
    const { deadline } = context
    const notBefore = attempts.timeAt(momentNow(wallClock))
    const claim = claims.write(call, notBefore, 1, null)
    const abandon = (): void => abandonedClaims.add(recordKey, claim)
    const unknown = { deadline, outcome: 'UNKNOWN' } as const
    for (let pollMs = firstPollMs; ;) {
      if (abandonedClaims.isFull()) throw tooManyClaims()
      const result = await requireStore(records.claim(recordKey, claim), { ...unknown, onFailure: abandon })
      if (result.state === 'PUT') return keyedAttempts.createFirst(call, claim)
      if (result.state === 'OVER_LIMIT')
        throw quotaExceeded(result.usedBytes, records.claimBytes, options.callerStoreBytes)
      if (result.state === 'QUARANTINED') throw quarantined(result.retryAfterMs)
      const found =
        result.state === 'PRESENT' ? result : await findRefused(recordKey, result.reason, deadline)
      // Redis may report an error after it has written the claim.
      if (found.record === claim) return keyedAttempts.createFirst(call, claim)
      if (abandonedClaims.take(found.record)) {
        // The store may hold either claim then.
        const onFailure = (): void => {
          abandonedClaims.add(recordKey, found.record)
          abandon()
        }
        if (await requireStore(records.replace(recordKey, found.record, claim), { ...unknown, onFailure }))
          return keyedAttempts.createFirst(call, claim)
        continue
      }
      const record = readRecord(found.record)
      if (record.fingerprint !== fingerprint) throw keyReused()
      if (record.state === 'CREATED' || record.state === 'REFERENCED')
        return { made: await replay(record, call), replayed: true }
      if (record.state === 'APPLIED') throw failureOf(record, { retryable: false })
      if (record.state === 'UNKNOWN' || isOrphan(record, found.ageMs)) {
        const settled = await keyedAttempts.finalizeUnknown(call, found, record)
        if (settled) return settled
      } else if (performance.now() + pollMs < deadline) {
        // Another replica is creating it, and stores the outcome.
        await delay(pollMs)
        pollMs = Math.min(2 * pollMs, maxPollMs)
      } else {
        const failure = { state: 'UNKNOWN', code: 'CALLBELL_TIMEOUT', attempts: 0 } as const
        throw failureOf(failure, { retryable: true, retryAfterMs: Math.max(0, record.leaseMs - found.ageMs) })
      }
    }
  }

  /** The record of a key that the store refused to claim. A store that is full can still be read. */
  async function findRefused(recordKey: RecordKey, reason: string, deadline: number): Promise<StoredRecord> {
    const found = await requireStore(records.get(recordKey), { deadline, outcome: 'UNKNOWN' })
    if (found !== null) return found
    throw claimRefused(reason)
  }

  /** Whether the process of the call can no longer be sending. A call of this process would be in flight. */
  function isOrphan(record: RunningRecord, ageMs: number): boolean {
    return !store.isShared || record.owner === claims.owner || isLeaseOver(record, ageMs)
  }

  /** The state of a key's record. */
  function stateOf(record: IdempotencyRecord, ageMs: number): KeyedCallState {
    if (record.state === 'CREATED') {
      return { state: 'APPLIED', contactUuid: createdContact.safeParse(record.contact).data?.uuid ?? null }
    }
    if (record.state === 'REFERENCED') return { state: 'APPLIED', contactUuid: record.reference }
    if (record.state !== 'RUNNING') return { state: record.state, contactUuid: null }
    return { state: isOrphan(record, ageMs) ? 'UNKNOWN' : 'IN_FLIGHT', contactUuid: null }
  }

  return {
    async find(key, { caller, deadline }) {
      const recordKey = recordKeyOf(caller.name, key)
      if (inFlight.has(recordKey.id)) return { state: 'IN_FLIGHT', contactUuid: null }
      const found = await requireStore(records.get(recordKey), { deadline })
      return found && stateOf(readRecord(found.record), found.ageMs)
    },
    async create(key, call) {
      const recordKey = recordKeyOf(call.context.caller.name, key)
      const { id } = recordKey
      const fingerprint = digest(call.creation.fingerprint())
      const first = inFlight.get(id)
      if (first) {
        if (first.fingerprint !== fingerprint) throw keyReused()
        const { made } = await first.result
        return { made: call.creation.restore(made), replayed: true }
      }
      const result = create({ ...call, fingerprint, recordKey })
      inFlight.set(id, { fingerprint, result })
      try {
        return await result
      } finally {
        inFlight.delete(id)
      }
    },
  }
}

/** The same key of another caller is another key. */
function recordKeyOf(caller: string, key: string): RecordKey {
  return { id: digest(`${caller}\u0000${key}`), owner: caller }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
