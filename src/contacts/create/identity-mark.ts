/** The marks of identities in the store: whose turn it is among replicas, and which creation is unsettled. */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { RecordStore } from '../../store/store.ts'
import { ContactsError } from '../attempts/failure.ts'
import { requireStore } from '../attempts/require-store.ts'

/** Whose turn it is. */
export interface IdentityRequest {
  readonly identity: string
  /** Names the creation: the same for all calls with the same idempotency key. */
  readonly token: string
  /** Whether the creation has an idempotency key. */
  readonly isKeyed: boolean
  /** Whether an earlier call with the key may have sent something. */
  readonly isRepeat: boolean
  readonly caller: string
  /** When the call must be answered, on the clock of `performance.now()`. */
  readonly deadline: number
}

export interface IdentityLocksOptions {
  /** For how long Callbell may still carry out a request after its attempt ended, in milliseconds. */
  readonly resendAfterMs: number
  /** For how long an idempotency key is remembered, in milliseconds. */
  readonly ttlMs: number
}

/** An identity in the store. */
const markForm = z.object({
  /** The creation that has the turn, or had the last one and is unsettled. */
  token: z.string(),
  /** For how long the turn is held, in milliseconds from the writing of the mark; 0: it has ended. */
  leaseMs: z.number(),
  /** Whether creations of other tokens may have made what a lookup finds. */
  isMixed: z.boolean(),
  /** Tells two marks apart that say the same. */
  nonce: z.string(),
})
type Mark = z.output<typeof markForm>

/** What a process may need beyond a call's deadline to end its turn. */
const leaseGraceMs = 2000
const firstPollMs = 50
const longestPollMs = 500
/** For how long another creation is remembered that was settled: by then, `createdAt` tells them apart. */
export const recentMs = 5000

/** The turn of an identity among replicas, and across the lives of a process. */
export interface IdentityMark {
  readonly isMixed: boolean
  end(isSettled: boolean, hasSent: boolean): Promise<void>
}

/** Takes the turn of an identity among replicas. */
export async function takeMark(
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
        // Where the mark is not ours any more, another one took the turn over: its mark stays.
        const isOver = isSettled && !isMixed
        if (isOver && !hasSent) {
          await store.remove(key, record)
          return
        }
        const next = write({ token, leaseMs: 0, isMixed })
        const nextTtlMs = isOver ? recentMs : ttlMs
        if (await store.replace(key, record, next, nextTtlMs)) return
        // A store that has lost its records must know it again, or a repeat could take nothing for its own. Another
        // one's mark of a turn since then would be there still.
        if (performance.now() - heldAt < recentMs) await store.putIfAbsent(key, next, nextTtlMs)
      },
    }
  }

  const required = { deadline, outcome: 'NOT_APPLIED' } as const
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    const leaseMs = Math.max(0, Math.ceil(deadline - performance.now())) + leaseGraceMs
    // A repeat without its mark: another one has had the turn since, and was settled.
    const fresh = write({ token, leaseMs, isMixed: isRepeat })
    const found = await requireStore(store.putIfAbsent(key, fresh, ttlMs), required)
    if (found === null) return hold(fresh, isRepeat)
    const mark = markForm.parse(JSON.parse(found.record))
    const isOwn = mark.token === token
    if (isOwn || found.ageMs >= mark.leaseMs) {
      // Another one may still be carried out, or may have been since this one was sent.
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
