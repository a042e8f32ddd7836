/**
 * The permits that replicas of one account share, so that all together keep to its limit. They come from the
 * store. While the store is unreachable, each replica sends a share of its own.
 *
 * A replica is in one of four phases:
 * - `JOINING`: it has just started, and cannot notice yet that the store's clock jumps. For a window from the
 *   store's first reply on it sends a warm-up share, which the store reserves. Without a reply it sends one
 *   request a second at first.
 * - `MEMBER`: it sends what the store grants. The store assumes this for `degradedAfterMs` from the latest
 *   reply that the replica confirms, and reserves the replica's share from then on.
 * - `DEGRADED`: it lost the store and, once its share is certainly reserved, sends that share. It tries the
 *   store, and confirms nothing.
 * - `REJOINING`: the store has been reachable again for a while. The replica sends nothing until, after its
 *   last request, it has reported to the store how many requests it sent without a permit.
 */
import type { PermitReply, SharedLimiter } from '../store/shared-limits.ts'
import { maxTransitMs, windowMs } from './sliding-window.ts'
import { StoreClock } from './store-clock.ts'

export interface SharedPermits {
  readonly granted: number
  /** If fewer permits than wanted were granted: milliseconds until more may be free. */
  readonly waitMs: number
  /** The last moment at which the permits may be used, on the clock of `performance.now()`. */
  readonly usableUntil: number
}

export interface DistributedLimiter {
  /** Whether the replica uses no permits: `limitOf` is what it may send. */
  isDegraded(): boolean
  /** Whether the replica will soon use permits. */
  isJoining(): boolean
  /** Milliseconds for which the replica may send nothing at all. */
  quarantineMs(now: number): number
  /** What this replica may send within a second, at most. @param limit of all replicas together */
  limitOf(limit: number): number
  /** Replicas that share the limit, as far as this one knows. */
  replicas(): number
  /** Acquires permits. Never rejects. @param limit what all replicas may send within a second */
  acquire(wanted: number, limit: number): Promise<SharedPermits>
  close(): void
}

export interface DistributedLimiterOptions {
  /** What all replicas may send within a second now. */
  readonly limit: () => number
  /** The value of `PermitRequest.uncounted`. */
  readonly uncounted: (now: number) => number
}

type Phase = 'JOINING' | 'MEMBER' | 'DEGRADED' | 'REJOINING'

/** Degraded replicas divide the limit by the number of known replicas, and by at least this many. */
const minReplicas = 4
/** Idle replicas send requests, too, so that the store knows them and assumes that they are members. */
const heartbeatMs = 400
const retryAfterMs = 200
/** In `REJOINING`, the pause until the next request. */
const rejoinAfterMs = 50
/** Several heartbeats, each with a slow reply. */
const degradedAfterMs = 2000
/** A degraded replica rejoins after the store has been reachable for this long without a failure. */
const steadyAfterMs = 1000
/** For this long after its start, a replica without a reply sends one request a second. */
const joinWithinMs = 10_000
/** Does no harm while the others have the whole limit: two percent. */
const warmUpRatio = 0.02
/** The event loop may need this long from the reply to the first byte. */
const dispatchMs = 50
/** The store gives up on a reply that takes longer. */
const maxRoundTripMs = 1000
/** What remains of the slowest round trip after a faster one. */
const decay = 0.95

/** @param acquireShared the store's */
export function createDistributedLimiter(
  acquireShared: SharedLimiter['acquireShared'],
  options: DistributedLimiterOptions,
): DistributedLimiter {
  const createdAt = performance.now()
  let phase: Phase = 'JOINING'
  let isReachable = true
  let hasReply = false
  /** When the first reply since the latest failure came. */
  let reachableSince: number | undefined
  let latestReplyAt = 0
  let confirmedAt = 0
  let quarantinedUntil = 0
  let replicas = minReplicas
  /** The share that it has reported to the store. */
  let share = 0
  let roundTripMs = 0
  let hasClockJumped = false
  const clock = new StoreClock()
  let timer: NodeJS.Timeout | undefined

  /** Milliseconds from a request to the first byte that its reply allows, at most. */
  const allowance = (): number => Math.min(roundTripMs, maxRoundTripMs) + dispatchMs

  async function acquire(wanted: number, limit: number): Promise<SharedPermits> {
    const sentAt = performance.now()
    const allowedMs = allowance()
    const lifetimeMs = Math.ceil(windowMs + maxTransitMs + allowedMs)
    const sentAs = phase
    const wasMember = sentAs === 'MEMBER'
    if (wasMember) share = Math.floor(limit / Math.max(minReplicas, replicas))
    else if (sentAs === 'JOINING') share = warmUpLimitOf(limit)
    const hasReportedJump = hasClockJumped
    try {
      const reply = await acquireShared({
        wanted: wasMember ? wanted : 0,
        limit,
        lifetimeMs,
        uncounted: options.uncounted(sentAt),
        share,
        confirmedAt: wasMember || sentAs === 'REJOINING' ? confirmedAt : 0,
        degradedAfterMs,
        hasClockJumped,
      })
      const receivedAt = performance.now()
      roundTripMs = Math.max(receivedAt - sentAt, roundTripMs * decay)
      if (hasReportedJump) hasClockJumped = false
      if (!clock.agrees(reply.now, sentAt, receivedAt)) hasClockJumped = true
      update(reply, receivedAt, sentAs)
      const usableUntil = sentAt + allowedMs
      // The store counts the permits for as long as they can be used until then.
      const isUsable = wasMember && phase === 'MEMBER' && !hasClockJumped && receivedAt <= usableUntil
      if (!isUsable) return { granted: 0, waitMs: reply.granted > 0 ? 0 : reply.waitMs, usableUntil }
      return { granted: reply.granted, waitMs: reply.waitMs, usableUntil }
    } catch {
      // The store has logged the error.
      enterDegraded()
      return { granted: 0, waitMs: 0, usableUntil: 0 }
    }
  }

  /** @param sentAs the phase in which the request was sent */
  function update(reply: PermitReply, now: number, sentAs: Phase): void {
    isReachable = true
    hasReply = true
    reachableSince ??= now
    latestReplyAt = now
    confirmedAt = reply.now
    // A store that has lost its data does not know all replicas yet.
    replicas = reply.isQuarantined ? Math.max(replicas, reply.replicas) : reply.replicas
    const isSteady = !reply.isQuarantined && now - reachableSince >= steadyAfterMs
    if (phase === 'JOINING') {
      const reachableForMs = now - reachableSince
      if (!reply.isQuarantined && reachableForMs >= windowMs + maxTransitMs) phase = 'MEMBER'
    } else if (phase === 'REJOINING' && sentAs === 'REJOINING') {
      phase = 'MEMBER'
    } else if (phase === 'DEGRADED' && isSteady) {
      phase = 'REJOINING'
    }
  }

  function enterDegraded(): void {
    isReachable = false
    reachableSince = undefined
    if (phase === 'JOINING' || phase === 'DEGRADED') return
    // Until then the others may be granted its share, and their permits may count for a window more.
    quarantinedUntil = latestReplyAt + degradedAfterMs + windowMs + maxTransitMs + allowance()
    phase = 'DEGRADED'
  }

  async function sendHeartbeats(): Promise<void> {
    await acquire(0, options.limit())
    if (timer === undefined) return
    timer = setTimeout(() => void sendHeartbeats(), pauseMs()).unref()
  }

  function pauseMs(): number {
    if (phase === 'REJOINING') return rejoinAfterMs
    return phase === 'JOINING' || !isReachable ? retryAfterMs : heartbeatMs
  }

  timer = setTimeout(() => void sendHeartbeats(), 0).unref()

  const isDegraded = (): boolean => phase === 'DEGRADED' || phase === 'JOINING'

  return {
    isDegraded,
    isJoining: () => phase === 'JOINING' && isReachable,
    quarantineMs(now) {
      if (phase === 'REJOINING') return rejoinAfterMs
      if (phase === 'DEGRADED') return Math.max(0, quarantinedUntil - now)
      return 0
    },
    limitOf(limit) {
      if (!isDegraded()) return limit
      const isWaiting = !hasReply && performance.now() < createdAt + joinWithinMs
      const minLimit = isWaiting ? 1 : warmUpLimitOf(limit)
      return phase === 'DEGRADED' ? Math.max(minLimit, Math.min(share, limit)) : minLimit
    },
    replicas: () => replicas,
    acquire,
    close() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

function warmUpLimitOf(limit: number): number {
  return Math.max(1, Math.floor(limit * warmUpRatio))
}
