/**
 * Locks of identities: creations of one identity run one at a time, and the process remembers which of them
 * are unsettled. A lookup shows one contact of a number. If two calls may have created it, it belongs to
 * neither: a call must never be answered with the contact of another call.
 *
 * All creations acquire a lock of the process. Those with an idempotency key also mark the identity in the
 * store. The mark excludes creations of other replicas, and of a process that died.
 */
import type { RecordStore } from '../../store/store.ts'
import type { Logger } from '../../domain/logger.ts'
import { withDeadline } from '../attempts/require-store.ts'
import type { IdentityMark, IdentityLocksOptions, IdentityRequest } from './identity-mark.ts'
import { overloaded, recentMs, acquireMark } from './identity-mark.ts'
import type { Lock } from '../attempts/local-locks.ts'
import { LocalLocks, tooManyMessage } from '../attempts/local-locks.ts'

export interface IdentityLock {
  /** Whether only this creation may have created what a lookup finds. */
  readonly isSole: () => boolean
  /**
   * Releases the lock. Never rejects.
   *
   * @returns undefined if there is nothing to wait for
   */
  end(end: IdentityLockEnd): Promise<void> | undefined
}

/** How a creation ended. */
export interface IdentityLockEnd {
  /** Whether the outcome is known, or nothing was sent. */
  readonly isSettled: boolean
  /** Whether a request was sent. It may have created what other creations look up. */
  readonly wasSent: boolean
}

export interface IdentityLocks {
  /**
   * @returns the lock at once if a creation without a key finds it free
   * @throws ContactsError `OVERLOADED` if the lock is not acquired in time, `STORE_UNAVAILABLE` if the
   *   store of a creation with a key does not answer
   */
  acquire(request: IdentityRequest): IdentityLock | Promise<IdentityLock>
}

/** A creation of this process with an unknown outcome. Times are on the clock of `performance.now()`. */
interface Unsettled {
  readonly token: string
  isMixed: boolean
  /** Until then, Callbell may still carry out the request. */
  readonly openUntil: number
  /** Until then, a caller may repeat its key. */
  readonly keptUntil: number
}

/** How many unsettled creations a process remembers. Beyond that, no creation counts as the only one. */
const mostUnsettled = 10_000
const pruneEveryMs = 1000

export function createIdentityLocks(
  store: RecordStore,
  log: Logger,
  options: IdentityLocksOptions,
): IdentityLocks {
  const { resendAfterMs, ttlMs } = options
  const locks = new LocalLocks({
    tooMany: (limit) => overloaded(tooManyMessage(limit, 'creations', 'of the same contact or note')),
    tooLate: () => overloaded('Other creations of the same contact or note took until the deadline'),
  })
  /** By identity. */
  const unsettled = new Map<string, Unsettled[]>()
  let unsettledCount = 0
  /** Until then, more creations are unsettled than the process remembers. */
  let overflowUntil = 0
  let prunedAt = 0

  function unsettledOf(identity: string): Unsettled[] {
    const known = unsettled.get(identity)
    if (known === undefined) return []
    const now = performance.now()
    const live = known.filter(({ keptUntil }) => keptUntil > now)
    setUnsettled(identity, live)
    return live
  }

  function setUnsettled(identity: string, list: Unsettled[]): void {
    unsettledCount += list.length - (unsettled.get(identity)?.length ?? 0)
    if (list.length > 0) unsettled.set(identity, list)
    else unsettled.delete(identity)
  }

  function prune(): void {
    const now = performance.now()
    if (now - prunedAt < pruneEveryMs) return
    prunedAt = now
    for (const identity of unsettled.keys()) unsettledOf(identity)
  }

  function addUnsettled(identity: string, entry: Unsettled): void {
    if (unsettledCount >= mostUnsettled) prune()
    if (unsettledCount < mostUnsettled) setUnsettled(identity, [...unsettledOf(identity), entry])
    else overflowUntil = Math.max(overflowUntil, entry.keptUntil)
  }

  async function acquireKeyed(
    request: IdentityRequest,
    acquiring: Lock | Promise<Lock>,
  ): Promise<IdentityLock> {
    const lock = await acquiring
    try {
      if (performance.now() >= request.deadline)
        throw overloaded('Other creations of the same contact or note took until the deadline')
      return new HeldIdentityLock(request, lock, await acquireMark(store, request, options))
    } catch (error) {
      locks.release(lock)
      throw error
    }
  }

  class HeldIdentityLock implements IdentityLock {
    private readonly request: IdentityRequest
    private readonly lock: Lock
    private readonly mark: IdentityMark | undefined
    private readonly known: readonly Unsettled[]
    private readonly isMixed: boolean

    constructor(request: IdentityRequest, lock: Lock, mark?: IdentityMark) {
      this.request = request
      this.lock = lock
      this.mark = mark
      const now = performance.now()
      this.known = unsettled.size === 0 ? none : unsettledOf(request.identity)
      const { lastEnd } = lock
      this.isMixed =
        // Both contacts may have the same second in `createdAt`.
        (lastEnd !== undefined && lastEnd.token !== request.token && now - lastEnd.at < recentMs) ||
        mark?.isMixed === true ||
        now < overflowUntil ||
        this.known.some((one) => (one.token === request.token ? one.isMixed : one.openUntil > now))
    }

    readonly isSole = (): boolean => !this.isMixed

    end({ isSettled, wasSent }: IdentityLockEnd): Promise<void> | undefined {
      const { identity, token, isKeyed } = this.request
      // Before the release: until then, no other creation of the identity reads them.
      if (wasSent) for (const one of this.known) if (one.token !== token) one.isMixed = true
      if (this.known.length > 0) {
        setUnsettled(
          identity,
          this.known.filter((one) => one.token !== token),
        )
      }
      if (!isSettled) {
        const endedAt = performance.now()
        const openUntil = endedAt + resendAfterMs
        const keptUntil = isKeyed ? Math.max(openUntil, endedAt + ttlMs) : openUntil
        addUnsettled(identity, { token, isMixed: this.isMixed, openUntil, keptUntil })
      }
      locks.release(this.lock, wasSent ? token : undefined)
      return this.mark && this.endMark(this.mark, { isSettled, wasSent })
    }

    private async endMark(mark: IdentityMark, { isSettled, wasSent }: IdentityLockEnd): Promise<void> {
      try {
        await withDeadline(this.request.deadline, mark.end(isSettled, wasSent))
      } catch (error) {
        // The mark stays and marks the creation as unsettled, which is safe.
        log.warn({ reason: String(error) }, 'the mark of an identity could not be released')
      }
    }
  }

  return {
    acquire(request) {
      const lock = locks.acquire(request.identity, request.caller, request.deadline)
      if (request.isKeyed) return acquireKeyed(request, lock)
      // Most creations without a key wait for nothing, and need no promise.
      return lock instanceof Promise
        ? lock.then((acquired) => new HeldIdentityLock(request, acquired))
        : new HeldIdentityLock(request, lock)
    },
  }
}

const none: readonly Unsettled[] = []
