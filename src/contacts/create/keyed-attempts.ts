/** The attempts of a call with an idempotency key: each under a claim, which then holds the outcome. */
import { CallbellError } from '../../domain/callbell-error.ts'
import type { StoredRecord } from '../../store/store.ts'
import { ContactsError, wasSent } from '../attempts/failure.ts'
import { requireStore } from '../locks/require-store.ts'
import type { OtherAttempts, CreateAttempts } from './attempt-create.ts'
import type { Claims, Keyed, KeyedCall } from './claims.ts'
import type { RunningRecord, UnknownRecord } from './idempotency-record.ts'
import { createdRecord, readRecord, sinceAttempt, unknownRecord } from './idempotency-record.ts'
import type { IdentityLock, IdentityLocks } from '../locks/identity-locks.ts'
import { failureOf, isOfCallbell, retryAfterUnknown } from './key-failures.ts'
import type { KeyRecords } from './key-records.ts'

export interface KeyedAttempts {
  /** Creates under a claim of a key for which nothing was sent before. */
  createFirst<Made>(call: KeyedCall<Made>, claim: string): Promise<Keyed<Made>>
  /**
   * Verifies an ambiguous attempt of an earlier call. Sends again only if every lookup says that nothing is
   * there, and Callbell can no longer carry out the earlier request.
   *
   * @returns null if another call replaced the record first: it must be read again
   */
  finalizeUnknown<Made>(
    call: KeyedCall<Made>,
    found: StoredRecord,
    record: RunningRecord | UnknownRecord,
  ): Promise<Keyed<Made> | null>
}

export interface KeyedAttemptsParts {
  readonly attempts: CreateAttempts
  readonly identities: IdentityLocks
  readonly records: KeyRecords
  readonly claims: Claims
  /** Milliseconds after the end of an ambiguous attempt until a repeat may send again. */
  readonly resendAfterMs: number
}

/** The lock of a call that ends before it has sent a request. */
const nothingSent = { isSettled: false, wasSent: false }

export function createKeyedAttempts({
  attempts,
  identities,
  records,
  claims,
  resendAfterMs,
}: KeyedAttemptsParts): KeyedAttempts {
  async function acquireIdentity(call: KeyedCall<unknown>, isRepeat: boolean): Promise<IdentityLock> {
    const { recordKey, creation, context } = call
    return identities.acquire({
      identity: creation.identity,
      token: recordKey.id,
      isKeyed: true,
      isRepeat,
      caller: context.caller.bucket,
      deadline: context.deadline,
    })
  }

  /** Sends under a claim, stores the outcome, and releases the lock. */
  async function send<Made>(
    call: KeyedCall<Made>,
    claim: string,
    lock: IdentityLock,
    earlier?: OtherAttempts['earlier'],
  ): Promise<Keyed<Made>> {
    const { creation } = call
    const record = readRecord(claim)
    try {
      const made = await attempts.create(call, { isAttributable: lock.isAttributable, earlier })
      const end = await claims.finalize(call, claim, createdRecord(record, creation, made))
      // A repeat of a key whose outcome was not stored must find its identity unsettled.
      await lock.end({ isSettled: end === 'DONE', wasSent: true })
      return { made, replayed: false }
    } catch (error) {
      if (isNotApplied(error)) {
        const [failure] = await Promise.all([
          claims.finalizeNotApplied(call, claim, error),
          lock.end({ isSettled: true, wasSent: wasSent(error) }),
        ])
        throw failure
      }
      const callbellFailure = error instanceof ContactsError && isOfCallbell(error.code) ? error : undefined
      const failure = {
        code: callbellFailure ? codeOf(callbellFailure) : ('CALLBELL_UNAVAILABLE' as const),
        attempts: callbellFailure?.attempts ?? 1,
      }
      const sentAt = error instanceof ContactsError ? error.sentAt : undefined
      const atSending = earlier || sentAt === undefined ? null : attempts.timeAt(sentAt)
      const notBefore = atSending ?? record.notBefore
      const unknown = unknownRecord({ ...record, notBefore }, failure, 0)
      await Promise.all([
        claims.finalize(call, claim, unknown),
        lock.end({ isSettled: false, wasSent: wasSent(error) }),
      ])
      if (!(error instanceof ContactsError)) throw error
      const retryAfterMs = retryAfterUnknown(0, resendAfterMs)
      throw failureOf(unknown, { retryable: creation.canBeLookedUp, retryAfterMs, cause: error.cause })
    }
  }

  return {
    async createFirst(call, claim) {
      const lock = await acquireIdentity(call, false).catch(async (error: unknown) => {
        if (!(error instanceof ContactsError)) throw error
        throw await claims.finalizeNotApplied(call, claim, error)
      })
      return send(call, claim, lock)
    },

    async finalizeUnknown(call, found, record) {
      const { recordKey, creation, context } = call
      const { notBefore } = record
      const readAt = performance.now()
      const sinceWhenRead = sinceAttempt(record, found.ageMs)
      const since = (): number => Math.floor(sinceWhenRead + performance.now() - readAt)
      const failure = 'code' in record ? record : { code: 'CALLBELL_UNAVAILABLE' as const, attempts: 0 }
      const token = record.state === 'RUNNING' ? record.token : 0
      const replace = (present: string, next: string): Promise<boolean> =>
        requireStore(records.replace(recordKey, present, next), {
          deadline: context.deadline,
          outcome: 'UNKNOWN',
        })
      const claim = claims.write(call, notBefore, token + 1, since())
      if (!(await replace(found.record, claim))) return null

      /** Stores that the outcome is still unknown. */
      const stillUnknown = async (): Promise<ContactsError> => {
        const sinceMs = since()
        await claims.finalize(call, claim, unknownRecord(record, failure, sinceMs))
        return failureOf(
          { ...failure, state: 'UNKNOWN' },
          { retryable: creation.canBeLookedUp, retryAfterMs: retryAfterUnknown(sinceMs, resendAfterMs) },
        )
      }
      const lock = await acquireIdentity(call, true).catch(async (error: unknown) => {
        if (!(error instanceof ContactsError)) throw error
        throw await stillUnknown()
      })
      const verification = {
        creation,
        context,
        notBefore: () => notBefore,
        isAttributable: lock.isAttributable,
      }
      const finding = await attempts.verify(verification).catch(async (error: unknown) => {
        // An unexpected error: without this, all later creations of the identity would wait for the lock.
        await lock.end(nothingSent)
        throw error
      })
      if (typeof finding === 'object') {
        const end = await claims.finalize(call, claim, createdRecord(record, creation, finding.made))
        // The earlier call sent it. Another creation within the same second could take it for its own.
        await lock.end({ isSettled: end === 'DONE', wasSent: true })
        return { made: finding.made, replayed: true }
      }
      if (finding === 'ABSENT' && since() >= resendAfterMs) {
        const next = claims.write(call, notBefore, token + 2, null)
        const isOurs = await replace(claim, next).catch(async (error: unknown) => {
          await lock.end(nothingSent)
          throw error
        })
        if (!isOurs) {
          await lock.end(nothingSent)
          return null
        }
        const cause = new CallbellError(failure.code, 'an earlier attempt', { progress: 'sent' })
        return send(call, next, lock, { notBefore, failure: cause })
      }
      const [unknown] = await Promise.all([stillUnknown(), lock.end(nothingSent)])
      throw unknown
    },
  }
}

function isNotApplied(error: unknown): error is ContactsError | CallbellError {
  return error instanceof CallbellError || (error instanceof ContactsError && error.outcome === 'NOT_APPLIED')
}

function codeOf({ code }: ContactsError): CallbellError['code'] {
  return isOfCallbell(code) ? code : 'CALLBELL_UNAVAILABLE'
}
