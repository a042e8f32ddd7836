/** Keyed creations: one for a key, whoever asks again, whenever, and whatever broke in between. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CallbellError } from '../callbell/errors.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import { ContactsFailure } from './failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import {
  commonOf,
  createdRecord,
  readRecord,
  unknownRecord,
  untilForgotten,
  writeRecord,
} from './idempotency-record.ts'
import { before, guarded } from './guarded.ts'
import { claimRefused, failureOf, isOfCallbell, overShare, reused } from './key-failures.ts'
import type { KeyPlace, KeyRecordOptions } from './key-records.ts'
import { createKeyRecords } from './key-records.ts'
import { replay } from './replay.ts'
import type { Sender, Sending } from './sender.ts'
import { createUnsentClaims } from './unsent-claims.ts'

export interface Keyed<Made> {
  readonly made: Made
  /** Whether it was there before this call. */
  readonly replayed: boolean
}

export interface Idempotency {
  /**
   * @param caller whose key it is: the same key of another caller is another key
   * @throws CallbellError `CALLBELL_REJECTED`, which frees the key
   * @throws ContactsFailure
   */
  create<Made>(caller: string, key: string, sending: Sending<Made>): Promise<Keyed<Made>>
}

/** What a process may need beyond a field's deadline to write down how it ended. */
const leaseGraceMs = 2000
/** Who waits for another replica asks the store, each time after twice as long: thousands may wait at once. */
const firstPollMs = 100
const longestPollMs = 500
/** Before what can't be settled now is worth another try. */
const leastRetryMs = 1000

export function createIdempotency(
  store: Store,
  sender: Sender,
  log: Logger,
  options: KeyRecordOptions,
): Idempotency {
  const owner = randomUUID()
  const records = createKeyRecords(store, options)
  const unsent = createUnsentClaims(records)
  /**
   * Creations under way in this process: their repetitions wait for them instead of asking the store.
   * Each is a running call of `Contacts`, and gone by its deadline.
   */
  const underWay = new Map<
    string,
    { readonly fingerprint: string; readonly result: Promise<Keyed<unknown>> }
  >()

  /** Claims the key and creates, or answers with what the key's record says. */
  async function create<Made>(
    place: KeyPlace,
    fingerprint: string,
    sending: Sending<Made>,
  ): Promise<Keyed<Made>> {
    const { deadline } = sending
    const claim = runningRecord(fingerprint, Date.now(), sending)
    const isUnsent = (): void => unsent.add(place, claim)
    for (let pollMs = firstPollMs; ;) {
      const result = await guarded(records.claim(place, claim), deadline, isUnsent)
      if (result.state === 'PUT') return send(place, claim, sending)
      if (result.state === 'OVER_LIMIT')
        throw overShare(result.usedBytes, records.claimBytes, options.callerStoreBytes)
      const found =
        result.state === 'PRESENT' ? result.record : await findRefused(place, result.reason, deadline)
      // Redis may report an error after it has written the claim.
      if (found === claim) return send(place, claim, sending)
      if (unsent.take(found)) {
        const mayBeEither = (): void => {
          unsent.add(place, found)
          isUnsent()
        }
        if (await guarded(records.replace(place, found, claim), deadline, mayBeEither))
          return send(place, claim, sending)
        continue
      }
      const record = readRecord(found)
      if (record.fingerprint !== fingerprint) throw reused()
      if (record.state === 'CREATED' || record.state === 'REFERENCED')
        return { made: await replay(record, sending), replayed: true }
      if (record.state === 'APPLIED') throw failureOf(record, sending)
      if (record.state === 'UNKNOWN' || isOrphan(record)) {
        const settled = await settleUnknown(place, found, record, sending)
        if (settled) return settled
      } else if (performance.now() + pollMs < sending.deadline) {
        // Another replica is at it, and writes down how it ends.
        await delay(pollMs)
        pollMs = Math.min(2 * pollMs, longestPollMs)
      } else {
        throw failureOf(unknownRecord(record, 'CALLBELL_TIMEOUT', 1), sending)
      }
    }
  }

  /**
   * Looks what became of an attempt of which nobody can tell, and creates only if Callbell has
   * nothing and can't be at it any more.
   *
   * @returns null if someone else was faster and the record must be read again
   */
  async function settleUnknown<Made>(
    place: KeyPlace,
    found: string,
    record: IdempotencyRecord,
    sending: Sending<Made>,
  ): Promise<Keyed<Made> | null> {
    const code = 'code' in record ? record.code : 'CALLBELL_UNAVAILABLE'
    const attempts = 'attempts' in record ? record.attempts : 1
    const { fingerprint, firstBegan } = record
    // Of a process that died it is not known when its latest attempt began: by its deadline at the latest.
    const lastBegan = record.state === 'RUNNING' ? record.leaseUntil - leaseGraceMs : record.lastBegan
    const claim = runningRecord(fingerprint, lastBegan, sending, firstBegan)
    if (!(await guarded(records.replace(place, found, claim), sending.deadline))) return null

    const { creation, origin, deadline } = sending
    const finding = await sender.look({ creation, origin, began: firstBegan }, deadline)
    if (typeof finding === 'object') {
      await settle(place, claim, createdRecord(record, creation, finding.made), sending)
      return { made: finding.made, replayed: true }
    }
    const failure = new CallbellError(code, 'an earlier attempt', { progress: 'sent' })
    if (finding === 'NOTHING' && untilForgotten({ ...record, lastBegan }) === 0) {
      const next = runningRecord(fingerprint, Date.now(), sending, firstBegan)
      if (!(await guarded(records.replace(place, claim, next), sending.deadline))) return null
      return send(place, next, { ...sending, earlier: { began: firstBegan, failure } })
    }
    const unsettled = { ...unknownRecord(record, code, attempts), lastBegan }
    await settle(place, claim, unsettled, sending)
    throw failureOf(unsettled, sending, Math.max(leastRetryMs, untilForgotten(unsettled)))
  }

  /** Sends under a claim, and writes down how it ended. */
  async function send<Made>(place: KeyPlace, claim: string, sending: Sending<Made>): Promise<Keyed<Made>> {
    const record = { ...readRecord(claim) }
    let hasLeft = sending.earlier !== undefined
    const onSent = (at: number): void => {
      if (!hasLeft) record.firstBegan = at
      hasLeft = true
      record.lastBegan = at
    }
    try {
      const made = await sender.send({ ...sending, onSent })
      await settle(place, claim, createdRecord(record, sending.creation, made), sending)
      return { made, replayed: false }
    } catch (error) {
      if (
        error instanceof CallbellError ||
        (error instanceof ContactsFailure && error.outcome === 'NOT_APPLIED')
      ) {
        await settle(place, claim, null, sending)
        throw error
      }
      const { code, attempts, outcome } =
        error instanceof ContactsFailure && isOfCallbell(error.code)
          ? { code: error.code, attempts: error.attempts ?? 1, outcome: error.outcome }
          : { code: 'CALLBELL_UNAVAILABLE' as const, attempts: 1, outcome: 'UNKNOWN' as const }
      const settled = {
        ...commonOf(record),
        state: outcome === 'APPLIED' ? outcome : 'UNKNOWN',
        code,
        attempts,
      } as const
      await settle(place, claim, settled, sending)
      if (!(error instanceof ContactsFailure)) throw error
      throw failureOf(settled, sending, untilForgotten(settled), error.cause)
    }
  }

  /**
   * Writes down how a claim ended. A store that is away now must not hide the outcome from the
   * caller: the claim is left, and the next one with this key looks what became of it.
   */
  async function settle(
    place: KeyPlace,
    claim: string,
    record: IdempotencyRecord | null,
    { deadline, origin }: Sending<unknown>,
  ): Promise<void> {
    try {
      const write =
        record === null ? records.remove(place, claim) : records.replace(place, claim, writeRecord(record))
      await before(deadline, write)
    } catch (error) {
      const { requestId } = origin
      log.warn({ requestId, reason: String(error) }, 'the outcome of a keyed call could not be stored')
    }
  }

  /** The record of a key that the store refused to claim. A store that is full can still be read. */
  async function findRefused(place: KeyPlace, reason: string, deadline: number): Promise<string> {
    const found = await guarded(records.get(place), deadline)
    if (found !== null) return found
    throw claimRefused(reason)
  }

  function runningRecord(
    fingerprint: string,
    began: number,
    { deadline }: Sending<unknown>,
    firstBegan = began,
  ): string {
    const leaseUntil = Date.now() + (deadline - performance.now()) + leaseGraceMs
    return writeRecord({ state: 'RUNNING', fingerprint, firstBegan, lastBegan: began, owner, leaseUntil })
  }

  /** Whether the process that was sending can't be sending any more. Ours is: it would be under way. */
  function isOrphan(record: IdempotencyRecord & { state: 'RUNNING' }): boolean {
    return !store.isShared || record.owner === owner || Date.now() > record.leaseUntil
  }

  return {
    async create(caller, key, sending) {
      const id = digest(`${caller}\u0000${key}`)
      const fingerprint = digest(sending.creation.fingerprint())
      const first = underWay.get(id)
      if (first) {
        if (first.fingerprint !== fingerprint) throw reused()
        const { made } = await first.result
        return { made: sending.creation.restore(made), replayed: true }
      }
      const result = create({ id, owner: caller }, fingerprint, sending)
      underWay.set(id, { fingerprint, result })
      try {
        return await result
      } finally {
        underWay.delete(id)
      }
    },
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
