/**
 * The limiter of all requests to Callbell: never more than the account's limit within any second, and never
 * more in flight than there are connections. Bursts wait in a queue, but only requests that can still be served
 * in time; the others are rejected at once. The queue is fair to callers: a caller with many requests delays
 * its own, not those of the others. A caller with slow answers cannot take all connections either.
 *
 * A permit comes with a ready connection, and counts from the first byte. So no requests can collect behind a
 * handshake and start together.
 */
import { CallbellError } from '../domain/callbell-error.ts'
import type { SharedLimiter } from '../store/shared-limits.ts'
import { createAdaptiveLimit } from './adaptive-limit.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { DistributedLimiter } from './distributed-limiter.ts'
import { createDistributedLimiter } from './distributed-limiter.ts'
import type { Permit } from './permit.ts'
import { Permits } from './permit.ts'
import { noPermitInTime, PermitQueue } from './permit-queue.ts'
import { burstSizeOf } from './sliding-window.ts'

export interface RateLimiterOptions {
  /** Requests that may start within any second; 0: no limit. */
  readonly maxRps: number
  /** Requests that may be in flight at the same time. */
  readonly maxInFlight: number
  readonly connections: ConnectionPool
  /** Where other replicas use the same account: acquires permits from the limit that they share. */
  readonly acquireShared?: SharedLimiter['acquireShared'] | undefined
  /**
   * Before this time, on the clock of `performance.now()`, only two percent of the limit may start: a process
   * that has just ended may have used the whole limit. Default: now
   */
  readonly startAt?: number | undefined
}

export interface RateLimiterState {
  /** Requests that wait for a permit. */
  readonly queueLength: number
  /** Requests without an answer yet. */
  readonly inFlight: number
  /** Requests a second that may start now; Infinity without a limit. */
  readonly limitInForce: number
  /** Whether the store is unreachable, so that this replica keeps to its own share. */
  readonly isDegraded: boolean
}

export interface RateLimiter {
  /**
   * Waits for the permit of one request.
   *
   * @param latest deadline for the permit, on the clock of `performance.now()`
   * @param bucket the caller's
   * @returns the permit itself if one is free, as usual
   * @throws (rejects with) CallbellError with nothing sent. `OVERLOADED` at once if no permit can be free in
   *   time; `OVERLOADED` at `latest` if later requests of other callers were served first; `CALLBELL_TIMEOUT`
   *   or `CALLBELL_UNAVAILABLE` without a connection
   */
  acquire(latest: number, bucket: string): Permit | Promise<Permit>
  /** To be called on every 429: halves the limit in force, once in each window. */
  slowDown(): void
  /** To be called on every other answer: the limit in force grows back. */
  speedUp(): void
  state(): RateLimiterState
  /** Rejects all requests that wait. */
  rejectWaiting(error: CallbellError): void
  /** Stops requests to the store. */
  close(): void
}

/** Connections are opened for as many waiting requests as may start in this many tenths of a second. */
const burstsAhead = 2

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { maxRps, maxInFlight, connections, acquireShared, startAt = performance.now() } = options
  const maxLimit = maxRps === 0 ? Number.POSITIVE_INFINITY : maxRps
  const adaptive = createAdaptiveLimit(maxLimit, startAt)
  const queue = new PermitQueue()
  let wakeTimer: NodeJS.Timeout | undefined
  const permits = new Permits({
    isLimited: maxRps !== 0,
    isShared: acquireShared !== undefined,
    maxInFlight,
    connections,
    onRelease: advance,
  })
  const { window, inFlight } = permits
  const shared =
    acquireShared && maxRps !== 0
      ? createDistributedLimiter(acquireShared, {
          limit: wholeLimit,
          uncounted: (now) => permits.uncounted.load(now),
        })
      : undefined
  let isAcquiring = false
  /** Until then the store has no free permit. */
  let sharedAgainAt = 0
  connections.onChange = advance

  /** The limit in force of all replicas together. */
  function wholeLimit(): number {
    return Math.floor(adaptive.current())
  }

  /** How many requests of this replica may start within a second. */
  function ownLimit(): number {
    return adaptive.warmUp(shared ? shared.limitOf(wholeLimit()) : wholeLimit())
  }

  function quarantineMs(now: number): number {
    return shared?.quarantineMs(now) ?? 0
  }

  function hasFreeSlot(now: number): boolean {
    return inFlight.freeSlots > 0 && window.nextSlotAt(now, ownLimit()) <= now
  }

  const mayStart = (bucket: string): boolean => inFlight.mayStart(bucket)

  function waitBehind(ahead: number, now: number): number {
    const soon = shared?.isJoining() || !adaptive.isWarm() ? wholeLimit() : ownLimit()
    return maxRps === 0 ? 0 : window.waitBehind(ahead, now, soon)
  }

  /** @returns whether a waiting request got a permit */
  function serveNext(usableUntil?: number): boolean {
    const connection = connections.take()
    if (connection === undefined) return false
    const next = queue.takeNext(mayStart)
    if (next === undefined) {
      connections.release(connection)
      return false
    }
    next.resolve(permits.create(next.bucket, connection, usableUntil))
    return true
  }

  /** Serves waiting requests as far as possible now, and schedules the next time. */
  function advance(): void {
    if (queue.size === 0) return
    const waitMs = quarantineMs(performance.now())
    if (waitMs > 0) schedule(waitMs)
    else if (shared === undefined || shared.isDegraded()) advanceLocal()
    else void advanceShared(shared)
  }

  function advanceLocal(): void {
    const now = performance.now()
    while (hasFreeSlot(now) && serveNext());
    openConnections()
    scheduleNextSlot()
  }

  /** Sends one request to the store at a time, for all waiting requests together. */
  async function advanceShared(limiter: DistributedLimiter): Promise<void> {
    if (isAcquiring) return
    const now = performance.now()
    openConnections()
    const freeSlots = Math.min(inFlight.freeSlots, window.freeSlots(now, ownLimit()))
    const wanted = Math.min(queue.size, freeSlots, connections.ready)
    if (wanted <= 0 || !queue.hasWaiting(mayStart)) {
      if (freeSlots <= 0) scheduleNextSlot()
      return
    }
    isAcquiring = true
    const { granted, waitMs, usableUntil } = await limiter.acquire(wanted, wholeLimit())
    isAcquiring = false
    if (granted === 0) adaptive.growWithoutPermits(performance.now())
    // Requests may have timed out meanwhile. Their permits are lost, and the limit holds.
    for (let permit = 0; permit < granted; permit += 1) serveNext(usableUntil)
    openConnections()
    if (granted < wanted) {
      sharedAgainAt = performance.now() + waitMs
      schedule(waitMs)
    } else {
      scheduleNextSlot()
    }
  }

  /** Opens connections for waiting requests before their permits are due. */
  function openConnections(): void {
    if (inFlight.freeSlots <= 0 || queue.size === 0 || !queue.hasWaiting(mayStart)) return
    const ahead = maxRps === 0 ? queue.size : burstsAhead * burstSizeOf(ownLimit())
    const lacking = connections.lackingFor(Math.min(queue.size, ahead))
    for (let opened = 0; opened < lacking; opened += 1) void openConnection()
  }

  async function openConnection(): Promise<void> {
    try {
      await connections.open()
    } catch (error) {
      // One of the waiting requests gets the error and may be retried.
      queue.takeNext(mayStart)?.reject(error)
    }
    advance()
  }

  function scheduleNextSlot(): void {
    // A request that waits for a connection is served when one is released.
    if (inFlight.freeSlots <= 0 || !queue.hasWaiting(mayStart)) return
    const now = performance.now()
    const nextSlotAt = window.nextSlotAt(now, ownLimit())
    const wakeAt = adaptive.isWarm() ? nextSlotAt : Math.min(nextSlotAt, startAt)
    if (nextSlotAt > now || connections.ready > 0) schedule(wakeAt - now)
  }

  function schedule(inMs: number): void {
    clearTimeout(wakeTimer)
    wakeTimer = queue.size === 0 ? undefined : setTimeout(advance, Math.max(1, Math.ceil(inMs)))
  }

  /** The error of a request whose deadline came while it waited. */
  function timeoutError(bucket: string): CallbellError {
    const now = performance.now()
    const lacksConnection = connections.ready === 0 && quarantineMs(now) <= 0 && hasFreeSlot(now)
    return lacksConnection
      ? new CallbellError('CALLBELL_TIMEOUT', 'no connection in time', { progress: 'unsent' })
      : noPermitInTime(waitBehind(queue.positionOf(bucket), now))
  }

  return {
    acquire(latest, bucket) {
      const now = performance.now()
      if (queue.size === 0 && shared === undefined && hasFreeSlot(now) && mayStart(bucket)) {
        const connection = connections.take()
        if (connection) return permits.create(bucket, connection)
      }
      const wait = Math.max(waitBehind(queue.positionOf(bucket), now), sharedAgainAt - now, quarantineMs(now))
      if (now + wait > latest || queue.isFull(bucket))
        return Promise.reject(noPermitInTime(now + wait - latest))
      return new Promise((resolve, reject) => {
        queue.add({ bucket, resolve, reject }, latest - now, () => timeoutError(bucket))
        advance()
      })
    },
    slowDown: () => adaptive.slowDown(),
    speedUp: () => adaptive.speedUp(shared?.replicas() ?? 1),
    state: () => ({
      queueLength: queue.size,
      inFlight: inFlight.size,
      limitInForce: shared?.limitOf(adaptive.current()) ?? adaptive.current(),
      isDegraded: shared?.isDegraded() ?? false,
    }),
    rejectWaiting(error) {
      for (let next = queue.takeNext(); next !== undefined; next = queue.takeNext()) next.reject(error)
    },
    close: () => shared?.close(),
  }
}
