/**
 * The limiter of all requests to Callbell: never more than the account's limit within any second, and
 * never more in flight than there are connections. Bursts wait in a queue, but only those that can still
 * be served in time: the others are refused at once. In the queue, callers take turns: one that asks for
 * more than its share makes itself wait, not the others. Nor can one whose requests are answered slowly
 * take all connections.
 *
 * A permit comes with a connection that is ready, and counts from the first byte: nothing can collect
 * behind a handshake and leave at once.
 */
import { FairQueue } from './fair-queue.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { DistributedLimiter, AcquireShared } from './distributed-limiter.ts'
import { createDistributedLimiter } from './distributed-limiter.ts'
import { burstSizeOf, SlidingWindow, windowMs } from './sliding-window.ts'

/** Carries one request at a time. */
export interface Connection {
  /**
   * Whether the other side is known to have taken it up. A kernel completes a TCP handshake, and takes
   * a request, long before the process behind it accepts the connection. A TLS handshake or an answer
   * comes from the process.
   */
  readonly isAccepted: boolean
}

/** The connections that permits come with. */
export interface ConnectionPool {
  /** Called when a connection has become free, or has gone. */
  onChange: () => void
  /** Connections that a request can be sent on now. */
  readonly ready: number
  /** @returns how many more must be opened for `waiting` requests, as far as that is allowed now */
  lackingFor(waiting: number): number
  /**
   * Opens one more.
   *
   * @throws CallbellError `CALLBELL_TIMEOUT` or `CALLBELL_UNAVAILABLE`, with nothing sent
   */
  open(): Promise<void>
  /** @returns a connection that is ready, for one request; undefined where there is none */
  take(): Connection | undefined
  /** Of a connection that was taken, once: its request has ended, or is not sent. */
  release(connection: Connection): void
}

export interface RateLimiterOptions {
  /** Requests that may leave within any second; 0: no limit. */
  readonly maxRps: number
  /** Requests that may be unanswered at a time. */
  readonly maxInFlight: number
  /** What requests leave on. */
  readonly connections: ConnectionPool
  /** Where other replicas use the same account: takes permits from what all have together. */
  readonly acquireShared?: AcquireShared | undefined
  /**
   * Before this, two percent of the limit may leave, on the clock of `performance.now()`: a process that has
   * just ended may have used the whole limit. Default: now
   */
  readonly startAt?: number | undefined
}

/** The right to send one request. */
export interface Permit {
  /** To be sent on. The permit keeps it until `done`. */
  readonly connection: Connection
  /** Whether it may still be used. To be asked immediately before the first byte. */
  readonly isUsable: () => boolean
  /** To be called when the request leaves: its second starts now, not when it got the permit. */
  readonly sent: () => void
  /** To be called once, when the exchange has ended in whatever way. */
  readonly release: () => void
}

export interface RateLimiterState {
  /** Requests that wait for a permit. */
  readonly queueLength: number
  /** Requests that are unanswered. */
  readonly inFlight: number
  /** Requests per second that are let through now; Infinity without a limit. */
  readonly limitInForce: number
  /** Whether the other replicas can't be reached, so that this one keeps to a share of its own. */
  readonly isDegraded: boolean
}

export interface RateLimiter {
  /**
   * Waits for the permit of one request.
   *
   * @param latest when the request must have it, on the clock of `performance.now()`
   * @param bucket whose share it takes
   * @returns the permit at once where there is one, as is usual
   * @throws (rejects with) CallbellError with nothing sent: `OVERLOADED`, at once if there can't be a permit in time, at
   *   `latest` if others who came later were served before it; `CALLBELL_TIMEOUT` or
   *   `CALLBELL_UNAVAILABLE` where there is no connection
   */
  acquire(latest: number, bucket: string): Permit | Promise<Permit>
  /** To be called on every 429: halves the limit in force, once in each window. */
  slowDown(): void
  /** To be called on every other answer: the limit in force grows back. */
  speedUp(): void
  state(): RateLimiterState
  /** Refuses all that wait. */
  rejectWaiting(error: CallbellError): void
  /** From here on the others are not asked any more. */
  close(): void
}

/** Nobody waits behind more than this, whatever the deadlines allow: it bounds memory. */
const longestQueue = 10_000
/** Of one bucket: the others must find room in the queue, too. */
const longestOfBucket = longestQueue / 2
/** What is left of the limit after a window with a 429, … */
const slowdownFactor = 1 / 2
/** … and what is always left of it. */
const leastShare = 1 / 10
/**
 * What each success adds, in requests a second. At the pace of successes this is exponential: from a
 * tenth to all of the limit in six seconds.
 */
const growth = 0.4
/**
 * What one bucket may have in flight, as a multiple of the places that are free: four fifths of all places
 * where it is alone, and less the more others use. So slow answers of one never take the last place.
 */
const inFlightPerFreeSlot = 4
/** Without a 429 for so many windows, a replica that is granted nothing takes more. */
const quietWindows = 2
/** Until `startAt`, when a process before this one may have used the limit: what does no harm beside it. */
const startShare = 0.02
/** Below so many buckets it is not worth forgetting those with nothing in flight. */
const fewBuckets = 1000
/** Connections are opened for as many of those that wait as may leave in that many tenths of a second. */
const burstsAhead = 2

interface Waiting {
  readonly bucket: string
  readonly resolve: (permit: Permit) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { maxRps, maxInFlight, connections, acquireShared } = options
  const startAt = options.startAt ?? performance.now()
  const most = maxRps === 0 ? Number.POSITIVE_INFINITY : maxRps
  const least = Math.max(1, most * leastShare)
  let limit = most
  const window = new SlidingWindow()
  /** Of those in `window`, the ones that are not among the permits that the store counts. */
  const uncounted = new SlidingWindow()
  let inFlight = 0
  const inFlightOf = new Map<string, number>()
  const queue = new FairQueue<Waiting>()
  let slowedAt = Number.NEGATIVE_INFINITY
  let grewAt = Number.NEGATIVE_INFINITY
  let wakeTimer: NodeJS.Timeout | undefined
  const shared =
    acquireShared && maxRps !== 0
      ? createDistributedLimiter(acquireShared, { limit: permits, uncounted: (now) => uncounted.load(now) })
      : undefined
  let hasStarted = false
  let isAsking = false
  /** Before this there is no permit left to be shared. */
  let sharedAgainAt = 0
  connections.onChange = advance

  function permits(): number {
    return Math.floor(limit)
  }

  /** How many may leave here within a second. */
  function ownPermits(): number {
    const own = shared ? shared.permitsOf(permits()) : permits()
    return isStarted() ? own : Math.min(own, Math.max(1, Math.floor(most * startShare)))
  }

  function isStarted(): boolean {
    hasStarted ||= performance.now() >= startAt
    return hasStarted
  }

  function quarantineMs(now: number): number {
    return shared?.quarantineMs(now) ?? 0
  }

  function hasRoom(now: number): boolean {
    return inFlight < maxInFlight && window.nextSlotAt(now, ownPermits()) <= now
  }

  function mayStart(bucket: string): boolean {
    return (inFlightOf.get(bucket) ?? 0) < inFlightPerFreeSlot * (maxInFlight - inFlight)
  }

  function countInFlight(bucket: string, change: 1 | -1): void {
    inFlight += change
    inFlightOf.set(bucket, (inFlightOf.get(bucket) ?? 0) + change)
    if (inFlightOf.size < fewBuckets) return
    for (const [other, count] of inFlightOf) if (count === 0) inFlightOf.delete(other)
  }

  function waitBehind(ahead: number, now: number): number {
    const soon = shared?.isJoining() || !isStarted() ? permits() : ownPermits()
    return maxRps === 0 ? 0 : window.waitBehind(ahead, now, soon)
  }

  /** @param usableUntil for a permit of the store, which counts it */
  function createPermit(bucket: string, connection: Connection, usableUntil?: number): Permit {
    countInFlight(bucket, 1)
    // The store counts a permit for a while, and what waits to be accepted may arrive later.
    const isCounted = shared === undefined || (usableUntil !== undefined && connection.isAccepted)
    const slot = maxRps === 0 ? undefined : window.enter()
    const uncountedSlot = maxRps === 0 || isCounted ? undefined : uncounted.enter()
    return {
      connection,
      isUsable: () => usableUntil === undefined || performance.now() <= usableUntil,
      sent() {
        const now = performance.now()
        slot?.start(now, !connection.isAccepted)
        uncountedSlot?.start(now, !connection.isAccepted)
      },
      release() {
        const now = performance.now()
        slot?.end(now)
        uncountedSlot?.end(now)
        countInFlight(bucket, -1)
        connections.release(connection)
        advance()
      },
    }
  }

  /** @returns whether anyone waited who may start, and there was a connection */
  function serveNext(usableUntil?: number): boolean {
    const connection = connections.take()
    if (connection === undefined) return false
    const next = queue.takeNext(mayStart)
    if (next === undefined) {
      connections.release(connection)
      return false
    }
    clearTimeout(next.timer)
    next.resolve(createPermit(next.bucket, connection, usableUntil))
    return true
  }

  function advance(): void {
    if (queue.size === 0) return
    const silentMs = quarantineMs(performance.now())
    if (silentMs > 0) schedule(silentMs)
    else if (shared === undefined || shared.isDegraded()) advanceDegraded()
    else void advanceTogether(shared)
  }

  function advanceDegraded(): void {
    const now = performance.now()
    while (hasRoom(now) && serveNext());
    openConnections()
    scheduleForSlot()
  }

  /** One question at a time, for all that wait. */
  async function advanceTogether(turns: DistributedLimiter): Promise<void> {
    if (isAsking) return
    const now = performance.now()
    openConnections()
    const room = Math.min(maxInFlight - inFlight, window.room(now, ownPermits()))
    const wanted = Math.min(queue.size, room, connections.ready)
    if (wanted <= 0 || !queue.hasWaiting(mayStart)) {
      if (room <= 0) scheduleForSlot()
      return
    }
    isAsking = true
    const { granted, waitMs, usableUntil } = await turns.acquire(wanted, permits())
    isAsking = false
    if (granted === 0) growAsIdle(performance.now())
    // Some may have given up meanwhile: their permits are lost, and the limit is kept.
    for (let permit = 0; permit < granted; permit += 1) serveNext(usableUntil)
    openConnections()
    if (granted < wanted) {
      sharedAgainAt = performance.now() + waitMs
      schedule(waitMs)
    } else {
      scheduleForSlot()
    }
  }

  /**
   * A limit that was cut below what others send leaves nothing for this replica: it has no successes to grow by.
   * Together they stay below the whole limit, whatever this one takes for it.
   */
  function growAsIdle(now: number): void {
    const isQuiet = now - slowedAt >= quietWindows * windowMs && now - grewAt >= windowMs
    if (limit >= most || !isQuiet) return
    grewAt = now
    limit = Math.min(most, limit + most * leastShare)
  }

  /** For those that wait, ahead of their permits. */
  function openConnections(): void {
    if (inFlight >= maxInFlight || queue.size === 0 || !queue.hasWaiting(mayStart)) return
    const ahead = maxRps === 0 ? queue.size : burstsAhead * burstSizeOf(ownPermits())
    const lacking = connections.lackingFor(Math.min(queue.size, ahead))
    for (let opened = 0; opened < lacking; opened += 1) void openConnection()
  }

  async function openConnection(): Promise<void> {
    try {
      await connections.open()
    } catch (error) {
      // One of those for whom it was opened hears of it, and may try again.
      const next = queue.takeNext(mayStart)
      if (next) clearTimeout(next.timer)
      next?.reject(error)
    }
    advance()
  }

  function scheduleForSlot(): void {
    // What waits for a connection is called by the one that is done with it.
    if (inFlight >= maxInFlight || !queue.hasWaiting(mayStart)) return
    const now = performance.now()
    const nextSlotAt = window.nextSlotAt(now, ownPermits())
    const wakeAt = isStarted() ? nextSlotAt : Math.min(nextSlotAt, startAt)
    if (nextSlotAt > now || connections.ready > 0) schedule(wakeAt - now)
  }

  function schedule(inMs: number): void {
    clearTimeout(wakeTimer)
    wakeTimer = undefined
    if (queue.size === 0) return
    wakeTimer = setTimeout(
      () => {
        wakeTimer = undefined
        advance()
      },
      Math.max(1, Math.ceil(inMs)),
    )
  }

  /** Of one that waited until its time was over. */
  function lateError(bucket: string): CallbellError {
    const now = performance.now()
    const isForConnection = connections.ready === 0 && quarantineMs(now) <= 0 && hasRoom(now)
    return isForConnection
      ? new CallbellError('CALLBELL_TIMEOUT', 'no connection in time', { progress: 'unsent' })
      : overloaded(waitBehind(queue.positionOf(bucket), now))
  }

  return {
    acquire(latest, bucket) {
      const now = performance.now()
      if (queue.size === 0 && shared === undefined && hasRoom(now) && mayStart(bucket)) {
        const connection = connections.take()
        if (connection) return createPermit(bucket, connection)
      }
      const wait = Math.max(waitBehind(queue.positionOf(bucket), now), sharedAgainAt - now, quarantineMs(now))
      const isFull = queue.size >= longestQueue || queue.sizeOf(bucket) >= longestOfBucket
      if (now + wait > latest || isFull) return Promise.reject(overloaded(now + wait - latest))
      return new Promise((resolve, reject) => {
        // Its permit was due in time when it came: since then, answers were slow, or a bucket with
        // fewer in the queue was served before it.
        const timer = setTimeout(() => {
          queue.remove(bucket, waiting)
          reject(lateError(bucket))
        }, latest - now)
        const waiting: Waiting = { bucket, resolve, reject, timer }
        queue.add(bucket, waiting)
        advance()
      })
    },
    slowDown() {
      const now = performance.now()
      if (maxRps === 0 || now - slowedAt < windowMs) return
      slowedAt = now
      limit = Math.max(least, limit * slowdownFactor)
    },
    speedUp() {
      // Each replica sees its own successes only.
      if (limit < most) limit = Math.min(most, limit + growth * (shared?.replicas() ?? 1))
    },
    state: () => ({
      queueLength: queue.size,
      inFlight,
      limitInForce: shared?.permitsOf(limit) ?? limit,
      isDegraded: shared?.isDegraded() ?? false,
    }),
    rejectWaiting(error) {
      for (let next = queue.takeNext(); next !== undefined; next = queue.takeNext()) {
        clearTimeout(next.timer)
        next.reject(error)
      }
    },
    close: () => shared?.close(),
  }
}

function overloaded(excessMs: number): CallbellError {
  return new CallbellError('OVERLOADED', 'no permit in time', {
    progress: 'unsent',
    retryAfterMs: Math.max(1, Math.ceil(excessMs)),
  })
}
