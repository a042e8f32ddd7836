/** Keyed creations: one for a key, whoever asks again, whenever, and whatever broke in between. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CallbellError } from '../callbell/errors.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import { ContactsFailure } from './failure.ts'
import type { IdempotencyRecord } from './idempotency-record.ts'
import { readRecord, writeRecord } from './idempotency-record.ts'
import { before, guarded } from './guarded.ts'
import type { Sender, Sending } from './sender.ts'
import { createUnsentClaims } from './unsent-claims.ts'

export interface IdempotencyOptions {
  /** Milliseconds for which a key is remembered. */
  readonly ttlMs: number
}

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

/** So long after an attempt began, Callbell is not at it any more: what is not there now will not come. */
const forgottenAfterMs = 30_000
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
  { ttlMs }: IdempotencyOptions,
): Idempotency {
  const owner = randomUUID()
  const unsent = createUnsentClaims(store)
  /** Creations under way in this process: their repetitions wait for them instead of asking the store. */
  const underWay = new Map<
    string,
    { readonly fingerprint: string; readonly result: Promise<Keyed<unknown>> }
  >()

  /** Claims the key and creates, or tells what the key's record says. */
  async function create<Made>(id: string, fingerprint: string, sending: Sending<Made>): Promise<Keyed<Made>> {
    const claim = runningRecord(fingerprint, Date.now(), sending)
    const isUnsent = (): void => unsent.add(id, claim)
    for (let pollMs = firstPollMs; ;) {
      const found = await guarded(store.putIfAbsent(id, claim, ttlMs), sending.deadline, isUnsent)
      if (found === null) return send(id, claim, sending)
      if (unsent.take(found)) {
        if (await guarded(store.replace(id, found, claim, ttlMs), sending.deadline, isUnsent))
          return send(id, claim, sending)
        continue
      }
      const record = readRecord(found)
      if (record.fingerprint !== fingerprint) throw reused()
      if (record.state === 'CREATED')
        return { made: sending.creation.restore(record.contact), replayed: true }
      if (record.state === 'APPLIED') throw failureOf(record, sending)
      if (record.state === 'UNKNOWN' || isOrphan(record)) {
        const settled = await settleUnknown(id, found, record, sending)
        if (settled) return settled
      } else if (performance.now() + pollMs < sending.deadline) {
        // Another replica is at it, and writes down how it ends.
        await delay(pollMs)
        pollMs = Math.min(2 * pollMs, longestPollMs)
      } else {
        throw failureOf(unknown(record, 'CALLBELL_TIMEOUT', 1), sending)
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
    id: string,
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
    if (!(await guarded(store.replace(id, found, claim, ttlMs), sending.deadline))) return null

    const { creation, origin, deadline } = sending
    const finding = await sender.look({ creation, origin, began: firstBegan }, deadline)
    if (typeof finding === 'object') {
      await settle(id, claim, { ...common(record), state: 'CREATED', contact: finding.made }, sending)
      return { made: finding.made, replayed: true }
    }
    const failure = new CallbellError(code, 'an earlier attempt', { progress: 'sent' })
    if (finding === 'NOTHING' && untilForgotten({ ...record, lastBegan }) === 0) {
      const next = runningRecord(fingerprint, Date.now(), sending, firstBegan)
      if (!(await guarded(store.replace(id, claim, next, ttlMs), sending.deadline))) return null
      return send(id, next, { ...sending, earlier: { began: firstBegan, failure } })
    }
    const unsettled = { ...unknown(record, code, attempts), lastBegan }
    await settle(id, claim, unsettled, sending)
    throw failureOf(unsettled, sending, Math.max(leastRetryMs, untilForgotten(unsettled)))
  }

  /** Sends under a claim, and writes down how it ended. */
  async function send<Made>(id: string, claim: string, sending: Sending<Made>): Promise<Keyed<Made>> {
    const record = { ...readRecord(claim) }
    let hasLeft = sending.earlier !== undefined
    const onSent = (at: number): void => {
      if (!hasLeft) record.firstBegan = at
      hasLeft = true
      record.lastBegan = at
    }
    try {
      const made = await sender.send({ ...sending, onSent })
      await settle(id, claim, { ...common(record), state: 'CREATED', contact: made }, sending)
      return { made, replayed: false }
    } catch (error) {
      if (
        error instanceof CallbellError ||
        (error instanceof ContactsFailure && error.outcome === 'NOT_APPLIED')
      ) {
        await settle(id, claim, null, sending)
        throw error
      }
      const { code, attempts, outcome } =
        error instanceof ContactsFailure && isOfCallbell(error.code)
          ? { code: error.code, attempts: error.attempts ?? 1, outcome: error.outcome }
          : { code: 'CALLBELL_UNAVAILABLE' as const, attempts: 1, outcome: 'UNKNOWN' as const }
      const settled = {
        ...common(record),
        state: outcome === 'APPLIED' ? outcome : 'UNKNOWN',
        code,
        attempts,
      } as const
      await settle(id, claim, settled, sending)
      if (!(error instanceof ContactsFailure)) throw error
      throw failureOf(settled, sending, untilForgotten(settled), error.cause)
    }
  }

  /**
   * Writes down how a claim ended. A store that is away now must not hide the outcome from the
   * caller: the claim is left, and the next one with this key looks what became of it.
   */
  async function settle(
    id: string,
    claim: string,
    record: IdempotencyRecord | null,
    { deadline, origin }: Sending<unknown>,
  ): Promise<void> {
    try {
      const write =
        record === null ? store.remove(id, claim) : store.replace(id, claim, writeRecord(record), ttlMs)
      await before(deadline, write)
    } catch (error) {
      const { requestId } = origin
      log.warn({ requestId, reason: String(error) }, 'the outcome of a keyed call could not be stored')
    }
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
      const result = create(id, fingerprint, sending)
      underWay.set(id, { fingerprint, result })
      try {
        return await result
      } finally {
        underWay.delete(id)
      }
    },
  }
}

function common({ fingerprint, firstBegan, lastBegan }: IdempotencyRecord) {
  return { fingerprint, firstBegan, lastBegan }
}

function unknown(record: IdempotencyRecord, code: CallbellError['code'], attempts: number) {
  return { ...common(record), state: 'UNKNOWN', code, attempts } as const
}

/** Milliseconds until Callbell can't be at an attempt any more. */
function untilForgotten({ lastBegan }: IdempotencyRecord): number {
  return Math.max(0, forgottenAfterMs - (Date.now() - lastBegan))
}

/** With a key an unknown outcome may be asked for again, as long as Callbell can be asked. */
function failureOf(
  { state, code, attempts }: IdempotencyRecord & { state: 'APPLIED' | 'UNKNOWN' },
  { creation }: Sending<unknown>,
  retryAfterMs?: number,
  cause?: unknown,
): ContactsFailure {
  const isRetryable = state === 'UNKNOWN' && creation.canBeLookedUp
  return new ContactsFailure(code, `the outcome of a keyed call is ${state}`, {
    outcome: state,
    attempts,
    retryable: isRetryable,
    retryAfterMs: isRetryable ? retryAfterMs : undefined,
    cause,
  })
}

function isOfCallbell(code: ContactsFailure['code']): code is CallbellError['code'] {
  return code.startsWith('CALLBELL_')
}

function reused(): ContactsFailure {
  return new ContactsFailure('IDEMPOTENCY_KEY_REUSED', 'the key was used with another input', {
    outcome: 'NOT_APPLIED',
    retryable: false,
  })
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
