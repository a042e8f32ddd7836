/** Marks of identities in the store: which creation of all replicas holds the lock, and which is unsettled. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { RecordStore } from '../../store/store.ts'
import { ContactsError } from '../attempts/failure.ts'
import { requireStore } from '../attempts/require-store.ts'

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

/** The mark of an identity, as the store holds it. */
const markForm = z.object({
  /** The creation that holds the lock, or held it last and is unsettled. */
  token: z.string(),
  /** The lease of the lock in milliseconds from the writing of the mark; 0: released. */
  leaseMs: z.number(),
  /** Whether creations of other tokens may have created what a lookup finds. */
  isMixed: z.boolean(),
  /** Distinguishes two marks with the same content. */
  nonce: z.string(),
})
type Mark = z.output<typeof markForm>

/** The time that a process may need after a call's deadline to release its lock, in milliseconds. */
const leaseGraceMs = 2000
const firstPollMs = 50
const longestPollMs = 500
/** For how long a settled creation of another token is remembered, in milliseconds. Later, `createdAt` distinguishes them. */
export const recentMs = 5000

/** The lock of an identity among replicas, which outlives a process. */
export interface IdentityMark {
  readonly isMixed: boolean
  end(isSettled: boolean, hasSent: boolean): Promise<void>
}

/**
 * Acquires the lock of an identity among replicas.
 *
 * @throws ContactsError `OVERLOADED` at the deadline, or `STORE_UNAVAILABLE`
 */
export async function acquireMark(
  store: RecordStore,
  { identity, token, isRepeat, deadline }: IdentityRequest,
  { resendAfterMs, ttlMs }: IdentityLocksOptions,
): Promise<IdentityMark> {
  const key = `identity:${createHash('sha256').update(identity).digest('base64url')}`

  function hold(record: string, isMixed: boolean): IdentityMark {
    const heldAt = performance.now()
    return {
      isMixed,
      async end(isSettled, hasSent) {
        // If another creation has taken over the lock, its mark stays.
        const isOver = isSettled && !isMixed
        if (isOver && !hasSent) {
          await store.remove(key, record)
          return
        }
        const next = write({ token, leaseMs: 0, isMixed })
        const nextTtlMs = isOver ? recentMs : ttlMs
        if (await store.replace(key, record, next, nextTtlMs)) return
        // A store that has lost its records needs the mark again: without it, a repeat finds nothing of its
        // own. A mark that another creation has written since then would still be there.
        if (performance.now() - heldAt < recentMs) await store.putIfAbsent(key, next, nextTtlMs)
      },
    }
  }

  const required = { deadline, outcome: 'NOT_APPLIED' } as const
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    const leaseMs = Math.max(0, Math.ceil(deadline - performance.now())) + leaseGraceMs
    // A repeat without its mark: another creation has held the lock since, and was settled.
    const fresh = write({ token, leaseMs, isMixed: isRepeat })
    const found = await requireStore(store.putIfAbsent(key, fresh, ttlMs), required)
    if (found === null) return hold(fresh, isRepeat)
    const mark = markForm.parse(JSON.parse(found.record))
    const isOwn = mark.token === token
    if (isOwn || found.ageMs >= mark.leaseMs) {
      // Callbell may still carry out another creation, or may have since this one was sent.
      const isMixed = isOwn
        ? mark.isMixed
        : isRepeat || found.ageMs < mark.leaseMs + Math.max(resendAfterMs, recentMs)
      const next = write({ token, leaseMs, isMixed })
      if (await requireStore(store.replace(key, found.record, next, ttlMs), required))
        return hold(next, isMixed)
    }
    const pauseMs = pollMs * (0.5 + Math.random())
    if (performance.now() + pauseMs >= deadline) {
      throw overloaded('Another replica created the same contact or note until the deadline')
    }
    await delay(pauseMs)
  }
}

function write(mark: Omit<Mark, 'nonce'>): string {
  return JSON.stringify({ ...mark, nonce: randomUUID() })
}

export function overloaded(message: string): ContactsError {
  return new ContactsError('OVERLOADED', message, {
    outcome: 'NOT_APPLIED',
    retryable: true,
    attempts: 0,
    isMessageShown: true,
  })
}
