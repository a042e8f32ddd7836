/** Keyed creations: one for a key, whichever process repeats it, whenever, and after any failure in between. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { WallClock } from '../../domain/moment.ts'
import { momentNow } from '../../domain/moment.ts'
import type { RecordStore, StoredRecord } from '../../store/store.ts'
import type { Logger } from '../../domain/logger.ts'
import type { Attempting, CreateAttempts, CreateCall } from './attempt-create.ts'
import { withDeadline, requireStore } from '../attempts/require-store.ts'
import { ContactsError, wasSent } from '../attempts/failure.ts'
import type { RunningRecord, UnknownRecord } from './idempotency-record.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import {
  createdRecord,
  isLeaseOver,
  readRecord,
  sinceAttempt,
  unknownRecord,
  writeRecord,
} from './idempotency-record.ts'
import type { IdentityLock, IdentityLocks } from './identity-turns.ts'
import {
  claimRefused,
  failureOf,
  isOfCallbell,
  shareExceeded,
  quarantined,
  retryAfterUnknown,
  keyReused,
  leaseLost,
  tooManyClaims,
} from './key-failures.ts'
import type { KeyPlace, KeyRecordOptions } from './key-records.ts'
import { createKeyRecords } from './key-records.ts'
import { replay } from './replay.ts'
import { createAbandonedClaims } from './abandoned-claims.ts'

export interface Keyed<Made> {
  readonly made: Made
  /** Whether it was there before this call. */
  readonly replayed: boolean
}

export interface Idempotency {
  /**
   * @param key belongs to the caller of the call: the same key of another caller is another key
   * @throws CallbellError `CALLBELL_REJECTED`, which frees the key
   * @throws ContactsFailure
   */
  create<Made>(key: string, call: CreateCall<Made>): Promise<Keyed<Made>>
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

/** One call with its key. */
interface KeyedCall<Made> extends CreateCall<Made> {
  readonly place: KeyPlace
  readonly fingerprint: string
}

/** What a process may need beyond a field's deadline to write down how it ended. */
const leaseGraceMs = 2000
/** Who waits for another replica asks the store, each time after twice as long: thousands may wait at once. */
const firstPollMs = 100
const longestPollMs = 500
/** The turn of a call ends before it has sent a request. */
const nothingSent = { isSettled: false, wasSent: false }

export function createIdempotency(
  { store, attempts, identities, log, wallClock }: IdempotencyParts,
  options: IdempotencyOptions,
): Idempotency {
  const { resendAfterMs } = options
  const owner = randomUUID()
  const records = createKeyRecords(store, options)
  const abandonedClaims = createAbandonedClaims(records)
  /**
   * Creations under way in this process: their repetitions wait for them instead of asking the store.
   * Each is a running call of `Contacts`, and gone by its deadline.
   */
  const inFlight = new Map<
    string,
    { readonly fingerprint: string; readonly result: Promise<Keyed<unknown>> }
  >()

  /** Claims the key and creates, or answers with what the key's record says. */
  async function create<Made>(call: KeyedCall<Made>): Promise<Keyed<Made>> {
    const { place, fingerprint } = call
    const { deadline } = call.context
    const notBefore = attempts.timeAt(momentNow(wallClock))
    const claim = writeRecord(runningRecord({ fingerprint, notBefore }, 1, null, deadline))
    const isUnsent = (): void => abandonedClaims.add(place, claim)
    for (let pollMs = firstPollMs; ;) {
      if (abandonedClaims.isFull()) throw tooManyClaims()
      const result = await requireStore(records.claim(place, claim), deadline, isUnsent)
      if (result.state === 'PUT') return createFirst(call, claim)
      if (result.state === 'OVER_LIMIT')
        throw shareExceeded(result.usedBytes, records.claimBytes, options.callerStoreBytes)
      if (result.state === 'QUARANTINED') throw quarantined(result.retryAfterMs)
      const found = result.state === 'PRESENT' ? result : await findRefused(place, result.reason, deadline)
      // Redis may report an error after it has written the claim.
      if (found.record === claim) return createFirst(call, claim)
      if (abandonedClaims.take(found.record)) {
        const mayBeEither = (): void => {
          abandonedClaims.add(place, found.record)
          isUnsent()
        }
        if (await requireStore(records.replace(place, found.record, claim), deadline, mayBeEither))
          return createFirst(call, claim)
        continue
      }
      const record = readRecord(found.record)
      if (record.fingerprint !== fingerprint) throw keyReused()
      if (record.state === 'CREATED' || record.state === 'REFERENCED')
        return { made: await replay(record, call), replayed: true }
      if (record.state === 'APPLIED') throw failureOf(record, { retryable: false })
      if (record.state === 'UNKNOWN' || isOrphan(record, found.ageMs)) {
        const settled = await finalizeUnknown(call, found, record)
        if (settled) return settled
      } else if (performance.now() + pollMs < deadline) {
        // Another replica is at it, and writes down how it ends.
        await delay(pollMs)
        pollMs = Math.min(2 * pollMs, longestPollMs)
      } else {
        const failure = { state: 'UNKNOWN', code: 'CALLBELL_TIMEOUT', attempts: 0 } as const
        throw failureOf(failure, { retryable: true, retryAfterMs: Math.max(0, record.leaseMs - found.ageMs) })
      }
    }
  }

  /** Creates under a claim before which nothing was sent. */
  async function createFirst<Made>(call: KeyedCall<Made>, claim: string): Promise<Keyed<Made>> {
    const turn = await acquireIdentity(call, false).catch(async (error: unknown) => {
      if (!(error instanceof ContactsError)) throw error
      throw await finalizeNotApplied(call, claim, error)
    })
    return send(call, claim, turn)
  }

  /**
   * Verifies an ambiguous attempt of an earlier call, and sends again only if every lookup says that nothing
   * is there, and Callbell can't be at it any more.
   *
   * @returns null if someone else was faster and the record must be read again
   */
  async function finalizeUnknown<Made>(
    call: KeyedCall<Made>,
    found: StoredRecord,
    record: RunningRecord | UnknownRecord,
  ): Promise<Keyed<Made> | null> {
    const { place, creation, context } = call
    const { deadline } = context
    const readAt = performance.now()
    const sinceWhenRead = sinceAttempt(record, found.ageMs)
    const since = (): number => Math.floor(sinceWhenRead + performance.now() - readAt)
    const failure = 'code' in record ? record : { code: 'CALLBELL_UNAVAILABLE' as const, attempts: 0 }
    const token = record.state === 'RUNNING' ? record.token : 0
    const claim = writeRecord(runningRecord(record, token + 1, since(), deadline))
    if (!(await requireStore(records.replace(place, found.record, claim), deadline))) return null

    /** Writes down that it is unknown still. */
    const stillUnknown = async (): Promise<ContactsError> => {
      const sinceMs = since()
      await finalize(call, claim, unknownRecord(record, failure, sinceMs))
      return failureOf(
        { ...failure, state: 'UNKNOWN' },
        { retryable: creation.canBeLookedUp, retryAfterMs: retryAfterUnknown(sinceMs, resendAfterMs) },
      )
    }
    const turn = await acquireIdentity(call, true).catch(async (error: unknown) => {
      if (!(error instanceof ContactsError)) throw error
      throw await stillUnknown()
    })
    const verification = { creation, context, notBefore: () => record.notBefore, isSole: turn.isSole }
    const finding = await attempts.verify(verification).catch(async (error: unknown) => {
      // A bug: without this, all later creations of the identity would wait for its turn.
      await turn.end(nothingSent)
      throw error
    })
    if (typeof finding === 'object') {
      const settled = await finalize(call, claim, createdRecord(record, creation, finding.made))
      await turn.end({ isSettled: settled === 'DONE', wasSent: false })
      return { made: finding.made, replayed: true }
    }
    if (finding === 'ABSENT' && since() >= resendAfterMs) {
      const next = writeRecord(runningRecord(record, token + 2, null, deadline))
      const isOurs = await requireStore(records.replace(place, claim, next), deadline).catch(
        async (error) => {
          await turn.end(nothingSent)
          throw error
        },
      )
      if (!isOurs) {
        await turn.end(nothingSent)
        return null
      }
      const cause = new CallbellError(failure.code, 'an earlier attempt', { progress: 'sent' })
      return send(call, next, turn, { notBefore: record.notBefore, failure: cause })
    }
    const [unknown] = await Promise.all([stillUnknown(), turn.end(nothingSent)])
    throw unknown
  }

  /** Sends under a claim, and writes down how it ended. Ends the turn. */
  async function send<Made>(
    call: KeyedCall<Made>,
    claim: string,
    turn: IdentityLock,
    earlier?: Attempting['earlier'],
  ): Promise<Keyed<Made>> {
    const { creation } = call
    const record = readRecord(claim)
    try {
      const made = await attempts.create(call, { isSole: turn.isSole, earlier })
      const settled = await finalize(call, claim, createdRecord(record, creation, made))
      // A repeat of a key whose record says nothing is to find its turn as it was.
      await turn.end({ isSettled: settled === 'DONE', wasSent: true })
      return { made, replayed: false }
    } catch (error) {
      if (isNotApplied(error)) {
        const [failure] = await Promise.all([
          finalizeNotApplied(call, claim, error),
          turn.end({ isSettled: true, wasSent: wasSent(error) }),
        ])
        throw failure
      }
      const known = error instanceof ContactsError && isOfCallbell(error.code) ? error : undefined
      const failure = {
        code: known ? codeOf(known) : ('CALLBELL_UNAVAILABLE' as const),
        attempts: known?.attempts ?? 1,
      }
      const sentAt = error instanceof ContactsError ? error.sentAt : undefined
      const atSending = earlier || sentAt === undefined ? null : attempts.timeAt(sentAt)
      const notBefore = atSending ?? record.notBefore
      const unknown = unknownRecord({ ...record, notBefore }, failure, 0)
      await Promise.all([
        finalize(call, claim, unknown),
        turn.end({ isSettled: false, wasSent: wasSent(error) }),
      ])
      if (!(error instanceof ContactsError)) throw error
      const retryAfterMs = retryAfterUnknown(0, resendAfterMs)
      throw failureOf(unknown, { retryable: creation.canBeLookedUp, retryAfterMs, cause: error.cause })
    }
  }

  async function acquireIdentity(call: KeyedCall<unknown>, isRepeat: boolean): Promise<IdentityLock> {
    const { place, creation, context } = call
    return identities.acquire({
      identity: creation.identity,
      token: place.id,
      isKeyed: true,
      isRepeat,
      caller: context.caller.bucket,
      deadline: context.deadline,
    })
  }

  /**
   * Frees the key of a call that sent nothing that was carried out.
   *
   * @returns what is to be thrown: what became of the key, where it is not the call's any more
   */
  async function finalizeNotApplied(
    call: KeyedCall<unknown>,
    claim: string,
    error: ContactsError | CallbellError,
  ): Promise<ContactsError | CallbellError> {
    const settled = await finalize(call, claim, null)
    // The store may not have removed it: whoever finds it may go on as if it was not there.
    if (settled === 'UNCERTAIN') abandonedClaims.add(call.place, claim)
    return settled === 'TAKEN_OVER' ? leaseLost(error) : error
  }

  /**
   * Writes down how a claim ended, null: the key is free. A store that does not answer must not hide the
   * outcome from the caller: the claim is left, and the next call with this key verifies the outcome.
   *
   * @returns `TAKEN_OVER` if another process has replaced the claim: its record stays
   */
  async function finalize(
    { place, context }: KeyedCall<unknown>,
    claim: string,
    record: IdempotencyRecord | null,
  ): Promise<'DONE' | 'TAKEN_OVER' | 'UNCERTAIN'> {
    const { requestId, deadline } = context
    try {
      const settled = await withDeadline(
        deadline,
        record === null ? removeClaim(place, claim) : replaceClaim(place, claim, writeRecord(record)),
      )
      if (settled === 'TAKEN_OVER')
        log.warn({ requestId }, 'another process has taken an idempotency key over')
      return settled
    } catch (error) {
      log.warn({ requestId, reason: String(error) }, 'the outcome of a keyed call could not be stored')
      return 'UNCERTAIN'
    }
  }

  async function removeClaim(place: KeyPlace, claim: string): Promise<'DONE' | 'TAKEN_OVER'> {
    if (await records.remove(place, claim)) return 'DONE'
    return (await records.get(place)) === null ? 'DONE' : 'TAKEN_OVER'
  }

  async function replaceClaim(place: KeyPlace, claim: string, text: string): Promise<'DONE' | 'TAKEN_OVER'> {
    if (await records.replace(place, claim, text)) return 'DONE'
    // A store that has lost its records must know this one, or the key would be sent again.
    return (await records.restore(place, text)) ? 'DONE' : 'TAKEN_OVER'
  }

  /** The record of a key that the store refused to claim. A store that is full can still be read. */
  async function findRefused(place: KeyPlace, reason: string, deadline: number): Promise<StoredRecord> {
    const found = await requireStore(records.get(place), deadline)
    if (found !== null) return found
    throw claimRefused(reason)
  }

  function runningRecord(
    { fingerprint, notBefore }: Pick<IdempotencyRecord, 'fingerprint' | 'notBefore'>,
    token: number,
    sinceAttemptMs: number | null,
    deadline: number,
  ): RunningRecord {
    const leaseMs = Math.max(0, Math.ceil(deadline - performance.now())) + leaseGraceMs
    const nonce = randomUUID()
    return { state: 'RUNNING', fingerprint, notBefore, owner, token, nonce, leaseMs, sinceAttemptMs }
  }

  /** Whether the process that was sending can't be sending any more. Ours is: it would be under way. */
  function isOrphan(record: RunningRecord, ageMs: number): boolean {
    return !store.isShared || record.owner === owner || isLeaseOver(record, ageMs)
  }

  return {
    async create(key, call) {
      const caller = call.context.caller.name
      const id = digest(`${caller}\u0000${key}`)
      const fingerprint = digest(call.creation.fingerprint())
      const first = inFlight.get(id)
      if (first) {
        if (first.fingerprint !== fingerprint) throw keyReused()
        const { made } = await first.result
        return { made: call.creation.restore(made), replayed: true }
      }
      const result = create({ ...call, fingerprint, place: { id, owner: caller } })
      inFlight.set(id, { fingerprint, result })
      try {
        return await result
      } finally {
        inFlight.delete(id)
      }
    },
  }
}

function isNotApplied(error: unknown): error is ContactsError | CallbellError {
  return error instanceof CallbellError || (error instanceof ContactsError && error.outcome === 'NOT_APPLIED')
}

function codeOf({ code }: ContactsError): CallbellError['code'] {
  return isOfCallbell(code) ? code : 'CALLBELL_UNAVAILABLE'
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
