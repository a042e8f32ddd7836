/**
 * Locks of identities: creations of one identity run one at a time, and the process remembers which of them
 * are unsettled. A lookup shows one contact of a number. If two calls may have created it, it belongs to
 * neither: a call must never be answered with the contact of another call.
 *
 * All creations acquire a lock of the process. Those with an idempotency key also acquire one in the store. It
 * excludes creations of other replicas, and of a process that died.
 */
import type { RecordStore } from '../../store/store.ts'
import type { Logger } from '../../domain/logger.ts'
import { withDeadline } from './require-store.ts'
import type { SharedIdentityLock, IdentityLocksOptions, IdentityRequest } from './shared-identity-lock.ts'
import { identityLocked, recentMs, acquireSharedIdentityLock } from './shared-identity-lock.ts'
import type { Lock } from './local-locks.ts'
import { LocalLocks, tooManyMessage } from './local-locks.ts'

export interface IdentityLock {
  /** Whether only this creation may have created what a lookup finds. */
  readonly isAttributable: () => boolean
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
  /** Whether other creations may have created what a lookup finds. */
  hasCompetitors: boolean
  /** Until then, Callbell may still carry out the request. */
  readonly openUntil: number
  /** Until then, a caller may repeat its key. */
  readonly keptUntil: number
}

/** How many unsettled creations a process remembers. Beyond that, no creation counts as the only one. */
const maxUnsettled = 10_000
const pruneEveryMs = 1000

export function createIdentityLocks(
  store: RecordStore,
  log: Logger,
  options: IdentityLocksOptions,
): IdentityLocks {
  const { resendAfterMs, ttlMs } = options
  const locks = new LocalLocks({
    tooMany: (limit) => identityLocked(tooManyMessage(limit, 'creations', 'of the same contact or note')),
    tooLate: () => identityLocked('Other creations of the same contact or note took until the deadline'),
  })
  /** By identity. */
  const unsettled = new Map<string, Unsettled[]>()
  let unsettledCount = 0
  /** Until then, more creations are unsettled than the process remembers. */
  let overflowUntil = 0
  let prunedAt = 0

  function unsettledOf(identity: string): Unsettled[] {
    const entries = unsettled.get(identity)
    if (entries === undefined) return []
    const now = performance.now()
    const live = entries.filter(({ keptUntil }) => keptUntil > now)
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
    if (unsettledCount >= maxUnsettled) prune()
    if (unsettledCount < maxUnsettled) setUnsettled(identity, [...unsettledOf(identity), entry])
    else overflowUntil = Math.max(overflowUntil, entry.keptUntil)
  }

  async function acquireKeyed(
    request: IdentityRequest,
    acquiring: Lock | Promise<Lock>,
  ): Promise<IdentityLock> {
    const lock = await acquiring
    try {
      if (performance.now() >= request.deadline)
        throw identityLocked('Other creations of the same contact or note took until the deadline')
      return new HeldIdentityLock(request, lock, await acquireSharedIdentityLock(store, request, options))
    } catch (error) {
      locks.release(lock)
      throw error
    }
  }

  class HeldIdentityLock implements IdentityLock {
    private readonly request: IdentityRequest
    private readonly lock: Lock
    private readonly shared: SharedIdentityLock | undefined
    /** The unsettled creations of the identity when the lock was acquired. */
    private readonly unsettledBefore: readonly Unsettled[]
    private readonly hasCompetitors: boolean

    constructor(request: IdentityRequest, lock: Lock, shared?: SharedIdentityLock) {
      this.request = request
      this.lock = lock
      this.shared = shared
      const now = performance.now()
      this.unsettledBefore = unsettled.size === 0 ? none : unsettledOf(request.identity)
      const { lastEnd } = lock
      this.hasCompetitors =
        // Both contacts may have the same second in `createdAt`.
        (lastEnd !== undefined && lastEnd.token !== request.token && now - lastEnd.at < recentMs) ||
        shared?.hasCompetitors === true ||
        now < overflowUntil ||
        this.unsettledBefore.some((one) =>
          one.token === request.token ? one.hasCompetitors : one.openUntil > now,
        )
    }

    readonly isAttributable = (): boolean => !this.hasCompetitors

    end({ isSettled, wasSent }: IdentityLockEnd): Promise<void> | undefined {
      const { identity, token, isKeyed } = this.request
      // Before the release: until then, no other creation of the identity reads them.
      if (wasSent) {
        for (const one of this.unsettledBefore) if (one.token !== token) one.hasCompetitors = true
      }
      if (this.unsettledBefore.length > 0) {
        setUnsettled(
          identity,
          this.unsettledBefore.filter((one) => one.token !== token),
        )
      }
      if (!isSettled) {
        const endedAt = performance.now()
        const openUntil = endedAt + resendAfterMs
        const keptUntil = isKeyed ? Math.max(openUntil, endedAt + ttlMs) : openUntil
        addUnsettled(identity, { token, hasCompetitors: this.hasCompetitors, openUntil, keptUntil })
      }
      locks.release(this.lock, wasSent ? token : undefined)
      return this.shared && this.endShared(this.shared, { isSettled, wasSent })
    }

    private async endShared(
      shared: SharedIdentityLock,
      { isSettled, wasSent }: IdentityLockEnd,
    ): Promise<void> {
      try {
        await withDeadline(this.request.deadline, shared.end(isSettled, wasSent))
      } catch (error) {
        // The record in the store stays, and the creation counts as unsettled, which is safe.
        log.warn({ reason: String(error) }, 'the lock of an identity could not be released in the store')
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
