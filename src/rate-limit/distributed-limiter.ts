/**
 * The permits that replicas of one account share, so that all together keep to its limit: they are
 * taken from the store and, while it cannot be reached, each replica sends a share of its own.
 *
 * A replica is in one of four phases:
 * - `JOINING`: it has just been started, and cannot notice yet that the store's clock jumps. For a window
 *   from the store's first reply on it sends a trickle, which the store reserves. Without a reply it
 *   sends one request a second at first.
 * - `MEMBER`: it sends what the store grants. The store believes that for `degradedAfterMs` from the
 *   latest reply that the replica confirms, and reserves the replica's share from then on.
 * - `ALONE`: it lost the store and, once its share is surely reserved, sends that share. It tries the
 *   store, and confirms nothing.
 * - `RETURNING`: the store has been back for a while. It sends nothing until it has told the store, after
 *   its last request, how many it has sent without a permit.
 */
import type { PermitReply, PermitRequest } from '../store/shared-limits.ts'
import { longestHoldUpMs, windowMs } from './sliding-window.ts'

/** Takes permits that all replicas share. Rejects where the store cannot be reached. */
export type AcquireShared = (request: PermitRequest) => Promise<PermitReply>

export interface SharedPermits {
  readonly granted: number
  readonly waitMs: number
  /** A permit must not be used later than that, on the clock of `performance.now()`. */
  readonly usableUntil: number
}

export interface DistributedLimiter {
  /** Whether permits are not asked for: `placesOf` says how many requests may be sent. */
  isDegraded(): boolean
  /** Whether it will soon ask for permits. */
  isJoining(): boolean
  /** Milliseconds for which nothing may be sent, whoever is asked. */
  quarantineMs(now: number): number
  /** Out of a limit that all share, what this replica may send within a second at most. */
  permitsOf(limit: number): number
  /** Replicas that share the limit, as far as this one knows. */
  replicas(): number
  /** Never rejects. @param limit what all may send within a second */
  acquire(wanted: number, limit: number): Promise<SharedPermits>
  close(): void
}

export interface DistributedLimiterOptions {
  /** What all may send within a second, at the moment. */
  readonly limit: () => number
  /** What `PermitRequest.uncounted` is at a moment. */
  readonly uncounted: (now: number) => number
}

type Phase = 'JOINING' | 'MEMBER' | 'ALONE' | 'RETURNING'

/** Replicas alone share the limit by as many of them as were known, and by at least this many. */
const fewestReplicas = 4
/** Idle replicas ask, too: they are to be known, and to be believed to be members. */
const askEveryMs = 400
const askAgainAfterMs = 200
/** In `JOINING` and `RETURNING` it is looked at again so soon whether they are over. */
const checkAgainAfterMs = 50
/** Several intervals of asking, with a slow reply in each. */
const degradedAfterMs = 2000
/** A store that comes and goes is not worth returning to. */
const steadyAfterMs = 1000
/** So long a replica that has been started waits for the store, and sends one request a second. */
const joinWithinMs = 10_000
/** What does no harm where the others have the whole limit: two percent. */
const joiningShare = 0.02
/** From the reply to the first byte, the event loop may take its time. */
const dispatchMs = 50
/** A reply that takes longer is none: the store gives up on it. */
const longestRoundTripMs = 1000
/** How much of the slowest reply is forgotten with each that is faster. */
const decay = 0.95

/** @param acquireShared of the store */
export function createDistributedLimiter(
  acquireShared: AcquireShared,
  options: DistributedLimiterOptions,
): DistributedLimiter {
  const createdAt = performance.now()
  let phase: Phase = 'JOINING'
  let isReachable = true
  let hasReply = false
  /** When the first of the replies came that have come without a failure in between. */
  let reachableSince: number | undefined
  let latestReplyAt = 0
  let confirmedAt = 0
  let silentUntil = 0
  let replicas = fewestReplicas
  /** What it has told the store that it sends alone. */
  let share = 0
  let roundTripMs = 0
  let hasClockJumped = false
  const clock = new StoreClock()
  let timer: NodeJS.Timeout | undefined

  /** Milliseconds from a question to the first byte that its answer allows, at most. */
  const allowance = (): number => Math.min(roundTripMs, longestRoundTripMs) + dispatchMs

  async function ask(wanted: number, limit: number): Promise<SharedPermits> {
    const sentAt = performance.now()
    const allowedMs = allowance()
    const lifetimeMs = Math.ceil(windowMs + longestHoldUpMs + allowedMs)
    const askedAs = phase
    const wasMember = askedAs === 'MEMBER'
    if (wasMember) share = Math.floor(limit / Math.max(fewestReplicas, replicas))
    else if (askedAs === 'JOINING') share = joiningLimitOf(limit)
    const hasAskedForReset = hasClockJumped
    try {
      const reply = await acquireShared({
        wanted: wasMember ? wanted : 0,
        limit,
        lifetimeMs,
        uncounted: options.uncounted(sentAt),
        share,
        confirmedAt: wasMember || askedAs === 'RETURNING' ? confirmedAt : 0,
        degradedAfterMs,
        hasClockJumped,
      })
      const receivedAt = performance.now()
      roundTripMs = Math.max(receivedAt - sentAt, roundTripMs * decay)
      if (hasAskedForReset) hasClockJumped = false
      if (!clock.agrees(reply.now, sentAt, receivedAt)) hasClockJumped = true
      find(reply, receivedAt, askedAs)
      const usableUntil = sentAt + allowedMs
      // The store counts them for as long as they could have been used in time.
      const isUsable = wasMember && phase === 'MEMBER' && !hasClockJumped && receivedAt <= usableUntil
      if (!isUsable) return { granted: 0, waitMs: reply.granted > 0 ? 0 : reply.waitMs, usableUntil }
      return { granted: reply.granted, waitMs: reply.waitMs, usableUntil }
    } catch {
      // The store has logged it.
      enterDegraded()
      return { granted: 0, waitMs: 0, usableUntil: 0 }
    }
  }

  function find(reply: PermitReply, now: number, askedAs: Phase): void {
    isReachable = true
    hasReply = true
    reachableSince ??= now
    latestReplyAt = now
    confirmedAt = reply.now
    // A store that has lost its memory does not know all of them yet.
    replicas = reply.isQuarantined ? Math.max(replicas, reply.replicas) : reply.replicas
    const isSteady = !reply.isQuarantined && now - reachableSince >= steadyAfterMs
    if (phase === 'JOINING') {
      const heardForMs = now - reachableSince
      if (!reply.isQuarantined && heardForMs >= windowMs + longestHoldUpMs) phase = 'MEMBER'
    } else if (phase === 'RETURNING' && askedAs === 'RETURNING') {
      phase = 'MEMBER'
    } else if (phase === 'ALONE' && isSteady) {
      phase = 'RETURNING'
    }
  }

  function enterDegraded(): void {
    isReachable = false
    reachableSince = undefined
    if (phase === 'JOINING' || phase === 'ALONE') return
    // The others may be granted its share until then, and what they are granted may take a window.
    silentUntil = latestReplyAt + degradedAfterMs + windowMs + longestHoldUpMs + allowance()
    phase = 'ALONE'
  }

  async function keepAsking(): Promise<void> {
    await ask(0, options.limit())
    if (timer === undefined) return
    timer = setTimeout(() => void keepAsking(), pauseMs()).unref()
  }

  function pauseMs(): number {
    if (phase === 'RETURNING') return checkAgainAfterMs
    return phase === 'JOINING' || !isReachable ? askAgainAfterMs : askEveryMs
  }

  timer = setTimeout(() => void keepAsking(), 0).unref()

  const isDegraded = (): boolean => phase === 'ALONE' || phase === 'JOINING'

  return {
    isDegraded,
    isJoining: () => phase === 'JOINING' && isReachable,
    quarantineMs(now) {
      if (phase === 'RETURNING') return checkAgainAfterMs
      if (phase === 'ALONE') return Math.max(0, silentUntil - now)
      return 0
    },
    permitsOf(limit) {
      if (!isDegraded()) return limit
      const isUnknown = !hasReply && performance.now() < createdAt + joinWithinMs
      const least = isUnknown ? 1 : joiningLimitOf(limit)
      return phase === 'ALONE' ? Math.max(least, Math.min(share, limit)) : least
    },
    replicas: () => replicas,
    acquire: ask,
    close() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

function joiningLimitOf(limit: number): number {
  return Math.max(1, Math.floor(limit * joiningShare))
}

/** Milliseconds by which two clocks may seem to differ more than they do. */
const toleranceMs = 10
/** By how much clocks that are being corrected may run faster or slower: a thousandth. */
const drift = 0.001

/** Notices that the store's clock jumps: how far it is ahead of ours can only be known within a round trip. */
class StoreClock {
  private earliest = Number.NEGATIVE_INFINITY
  private latest = Number.POSITIVE_INFINITY
  private checkedAt = 0

  /**
   * @param storeNow what the store's clock showed at some moment from `sentAt` to `receivedAt`
   * @returns whether it agrees with what the clock showed before
   */
  agrees(storeNow: number, sentAt: number, receivedAt: number): boolean {
    const driftMs = (receivedAt - this.checkedAt) * drift
    const earliest = Math.max(storeNow - receivedAt, this.earliest - driftMs)
    const latest = Math.min(storeNow - sentAt, this.latest + driftMs)
    this.checkedAt = receivedAt
    const doesAgree = earliest <= latest + toleranceMs
    this.earliest = doesAgree ? Math.min(earliest, latest) : storeNow - receivedAt
    this.latest = doesAgree ? Math.max(earliest, latest) : storeNow - sentAt
    return doesAgree
  }
}
