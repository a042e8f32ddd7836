/**
 * The lock of an identity among replicas, which outlives a process. Its record in the store says which creation
 * holds the lock, or held it last and is unsettled.
 */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { RecordStore } from '../../store/store.ts'
import type { ContactsError } from '../attempts/failure.ts'
import { lockNotAcquired } from '../attempts/failure.ts'
import { leaseMsUntil } from './lease.ts'
import { requireStore } from './require-store.ts'

/** Which creation acquires the lock, and until when. */
export interface IdentityRequest {
  readonly identity: string
  /** Identifies the creation: the same for all calls with the same idempotency key. */
  readonly token: string
  /** Whether the creation has an idempotency key. */
  readonly isKeyed: boolean
  /** Whether an earlier call with the key may have sent something. */
  readonly isRepeat: boolean
  readonly caller: string
  /** When the caller must have the answer, on the clock of `performance.now()`. */
  readonly deadline: number
}

export interface IdentityLocksOptions {
  /** For how long Callbell may still carry out a request after its attempt ended, in milliseconds. */
  readonly resendAfterMs: number
  /** For how long an idempotency key is remembered, in milliseconds. */
  readonly ttlMs: number
}

/** The record of the lock. Replicas of several versions read it, so that its keys are kept. */
const storedLock = z.object({
  /** The creation that holds the lock, or held it last and is unsettled. */
  token: z.string(),
  /** The lease of the lock in milliseconds from the writing of the record; 0: released. */
  leaseMs: z.number(),
  /** Whether the creation has competitors. */
  isMixed: z.boolean(),
  /** Distinguishes two records with the same content. */
  nonce: z.string(),
})
type StoredLock = z.output<typeof storedLock>

const firstPollMs = 50
const maxPollMs = 500
/** For how long a settled creation of another token is remembered, in milliseconds. Later, `createdAt` distinguishes them. */
export const recentMs = 5000

export interface SharedIdentityLock {
  /** Whether creations of other tokens may have created what a lookup finds. */
  readonly hasCompetitors: boolean
  end(isSettled: boolean, hasSent: boolean): Promise<void>
}

/**
 * Acquires the lock of an identity among replicas.
 *
 * @throws ContactsError `OVERLOADED` at the deadline, or `STORE_UNAVAILABLE`
 */
export async function acquireSharedIdentityLock(
  store: RecordStore,
  { identity, token, isRepeat, deadline }: IdentityRequest,
  { resendAfterMs, ttlMs }: IdentityLocksOptions,
): Promise<SharedIdentityLock> {
  const key = `identity:${createHash('sha256').update(identity).digest('base64url')}`

  function hold(record: string, hasCompetitors: boolean): SharedIdentityLock {
    const heldAt = performance.now()
    return {
      hasCompetitors,
      async end(isSettled, hasSent) {
        // If another creation has taken over the lock, its record stays.
        const isOver = isSettled && !hasCompetitors
        if (isOver && !hasSent) {
          await store.remove(key, record)
          return
        }
        const next = write({ token, leaseMs: 0, isMixed: hasCompetitors })
        const nextTtlMs = isOver ? recentMs : ttlMs
        if (await store.replace(key, record, next, nextTtlMs)) return
        // The store no longer has this record. If another creation has replaced it, the record of that creation
        // stays for `recentMs` at least, and nothing is written. Else the store has lost it, and a repeat of the
        // key needs it.
        if (performance.now() - heldAt < recentMs) await store.putIfAbsent(key, next, nextTtlMs)
      },
    }
  }

  const required = { deadline, outcome: 'NOT_APPLIED' } as const
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, maxPollMs)) {
    const leaseMs = leaseMsUntil(deadline)
    // A repeat that finds no record has competitors: since its earlier call, another creation has held the lock and
    // was settled.
    const fresh = write({ token, leaseMs, isMixed: isRepeat })
    const found = await requireStore(store.putIfAbsent(key, fresh, ttlMs), required)
    if (found === null) return hold(fresh, isRepeat)
    const stored = storedLock.parse(JSON.parse(found.record))
    const isOwn = stored.token === token
    if (isOwn || found.ageMs >= stored.leaseMs) {
      // Callbell may still carry out another creation, or may have since this one was sent.
      const hasCompetitors = isOwn
        ? stored.isMixed
        : isRepeat || found.ageMs < stored.leaseMs + Math.max(resendAfterMs, recentMs)
      const next = write({ token, leaseMs, isMixed: hasCompetitors })
      if (await requireStore(store.replace(key, found.record, next, ttlMs), required))
        return hold(next, hasCompetitors)
    }
    const pauseMs = pollMs * (0.5 + Math.random())
    if (performance.now() + pauseMs >= deadline) {
      throw identityLocked('Another replica created the same contact or note until the deadline')
    }
    await delay(pauseMs)
  }
}

function write(lock: Omit<StoredLock, 'nonce'>): string {
  return JSON.stringify({ ...lock, nonce: randomUUID() })
}

/** The failure of a creation that did not get the lock. @param message for the caller */
export function identityLocked(message: string): ContactsError {
  return lockNotAcquired(message, 0)
}
