/**
 * The pace of all requests to Callbell: never more than the account's limit within any second,
 * and never more in flight than the connections can carry. Bursts wait in line, but only those
 * that can still be served in time: the others are told at once. In line, callers take turns: one
 * that asks for more than its share makes itself wait, not the others. Nor can one whose requests are
 * answered slowly take all connections.
 */
import { FairLine } from '../fair-line.ts'
import { CallbellError } from './errors.ts'
import type { SharedTurns, TakeTurns } from './shared-turns.ts'
import { createSharedTurns } from './shared-turns.ts'
import type { Flight } from './sliding-window.ts'
import { SlidingWindow, windowMs } from './sliding-window.ts'

export interface PaceOptions {
  /** Requests that may leave within any second; 0: no limit. */
  readonly maxRps: number
  /** Requests that may be unanswered at a time. */
  readonly maxInFlight: number
  /** Where other replicas use the same account: takes turns from what all have together. */
  readonly takeTurns?: TakeTurns | undefined
}

/** The right to send one request. */
export interface Pass {
  /** To be called when the request leaves: its second starts now, not when it was let in. */
  readonly sent: () => void
  /** To be called once, when the exchange has ended in whatever way. */
  readonly done: () => void
}

export interface PaceState {
  /** Requests that wait for their turn. */
  readonly queueLength: number
  /** Requests that are unanswered. */
  readonly inFlight: number
  /** Requests per second that are let through now; Infinity without a limit. */
  readonly limitInForce: number
  /** Whether other replicas can't be asked, so that this one keeps to a share of its own. */
  readonly isAlone: boolean
}

export interface Pace {
  /**
   * Waits for the turn of one request.
   *
   * @param latest when the request must have been let in, on the clock of `performance.now()`
   * @param bucket whose share of the turns it takes
   * @throws CallbellError `OVERLOADED`, at once if its turn can't come in time; at `latest` if
   *   others who came later took turns before it
   */
  enter(latest: number, bucket: string): Promise<Pass>
  /** To be told of a 429: the limit in force is cut by a quarter, once for each second of them. */
  slowDown(): void
  /** To be told of every other answer: the limit in force grows back. */
  speedUp(): void
  state(): PaceState
  /** From here on the others are not asked any more. */
  close(): void
}

/** Nobody waits behind more than this, whatever the deadlines allow: it bounds memory. */
const longestLine = 10_000
/** Of one bucket: the others must find room in the line, too. */
const longestOfBucket = longestLine / 2
/** What is left of the limit after a 429, and the answers that it takes to get back to all of it. */
const slowedTo = 3 / 4
const answersToRecover = 1000
/**
 * What one bucket may have in flight, as a multiple of the places that are free: four fifths of all places
 * where it is alone, and less the more others use. So slow answers of one never take the last place.
 */
const inFlightPerFreePlace = 4
/** Below so many buckets it is not worth forgetting those with nothing in flight. */
const fewBuckets = 1000

interface Waiting {
  readonly bucket: string
  readonly letIn: (pass: Pass) => void
  readonly timer: NodeJS.Timeout
}

export function createPace({ maxRps, maxInFlight, takeTurns }: PaceOptions): Pace {
  const most = maxRps === 0 ? Number.POSITIVE_INFINITY : maxRps
  let limit = most
  const window = new SlidingWindow()
  let inFlight = 0
  const inFlightOf = new Map<string, number>()
  const line = new FairLine<Waiting>()
  let slowedAt = Number.NEGATIVE_INFINITY
  let alarm: NodeJS.Timeout | undefined
  const shared = takeTurns && maxRps !== 0 ? createSharedTurns(takeTurns, places) : undefined
  let isAsking = false
  /** Before this there is no turn left to be shared. */
  let sharedAgainAt = 0

  function places(): number {
    return Math.floor(limit)
  }

  /** How many may leave here within a second. */
  function ownPlaces(now: number): number {
    return shared ? shared.placesOf(places(), now) : places()
  }

  function hasRoom(now: number): boolean {
    return inFlight < maxInFlight && window.roomAt(now, ownPlaces(now)) <= now
  }

  function mayStart(bucket: string): boolean {
    return (inFlightOf.get(bucket) ?? 0) < inFlightPerFreePlace * (maxInFlight - inFlight)
  }

  function countInFlight(bucket: string, change: 1 | -1): void {
    inFlight += change
    inFlightOf.set(bucket, (inFlightOf.get(bucket) ?? 0) + change)
    if (inFlightOf.size < fewBuckets) return
    for (const [other, count] of inFlightOf) if (count === 0) inFlightOf.delete(other)
  }

  function waitBehind(ahead: number, now: number): number {
    return maxRps === 0 ? 0 : window.waitBehind(ahead, now, ownPlaces(now))
  }

  function letIn(bucket: string): Pass {
    countInFlight(bucket, 1)
    let flight: Flight | undefined
    if (maxRps !== 0) window.letIn()
    return {
      sent() {
        if (maxRps !== 0) flight = window.leave(performance.now())
      },
      done() {
        if (flight) flight.answeredAt = performance.now()
        else if (maxRps !== 0) window.takeBack()
        countInFlight(bucket, -1)
        advance()
      },
    }
  }

  /** @returns whether anyone waited who may start */
  function letNextIn(): boolean {
    const next = line.takeNext(mayStart)
    if (next === undefined) return false
    clearTimeout(next.timer)
    next.letIn(letIn(next.bucket))
    return true
  }

  function advance(): void {
    if (line.size === 0) return
    const silenceMs = shared?.silentForMs(performance.now()) ?? 0
    if (silenceMs > 0) setAlarm(silenceMs)
    else if (shared === undefined || shared.isAlone()) advanceAlone()
    else void advanceTogether(shared)
  }

  function advanceAlone(): void {
    const now = performance.now()
    while (hasRoom(now) && letNextIn());
    setAlarmForRoom()
  }

  /** One question at a time, for all that wait. */
  async function advanceTogether(turns: SharedTurns): Promise<void> {
    if (isAsking) return
    const now = performance.now()
    const wanted = Math.min(line.size, maxInFlight - inFlight, window.room(now, ownPlaces(now)))
    if (wanted <= 0 || !line.hasFor(mayStart)) {
      setAlarmForRoom()
      return
    }
    isAsking = true
    const { granted, waitMs } = await turns.take(wanted, places())
    isAsking = false
    // Some may have given up meanwhile: their turns are lost, and the limit is kept.
    for (let turn = 0; turn < granted; turn += 1) letNextIn()
    if (granted < wanted) {
      sharedAgainAt = performance.now() + waitMs
      setAlarm(waitMs)
    } else {
      setAlarmForRoom()
    }
  }

  function setAlarmForRoom(): void {
    // What waits for a connection is called by the one that is done with it.
    if (inFlight >= maxInFlight || !line.hasFor(mayStart)) return
    const now = performance.now()
    setAlarm(window.roomAt(now, ownPlaces(now)) - now)
  }

  function setAlarm(inMs: number): void {
    clearTimeout(alarm)
    alarm = undefined
    if (line.size === 0) return
    alarm = setTimeout(
      () => {
        alarm = undefined
        advance()
      },
      Math.max(1, Math.ceil(inMs)),
    )
  }

  return {
    async enter(latest, bucket) {
      const now = performance.now()
      if (line.size === 0 && shared === undefined && hasRoom(now) && mayStart(bucket)) return letIn(bucket)
      const silenceMs = shared?.silentForMs(now) ?? 0
      const wait = Math.max(waitBehind(line.ahead(bucket), now), sharedAgainAt - now, silenceMs)
      const isFull = line.size >= longestLine || line.sizeOf(bucket) >= longestOfBucket
      if (now + wait > latest || isFull) throw overloaded(now + wait - latest)
      return new Promise((resolve, reject) => {
        // Its turn was due in time when it came: since then, answers were slow, or a bucket with
        // fewer in line took turns before it.
        const timer = setTimeout(() => {
          line.remove(bucket, waiting)
          reject(overloaded(waitBehind(line.ahead(bucket), performance.now())))
        }, latest - now)
        const waiting: Waiting = { bucket, letIn: resolve, timer }
        line.add(bucket, waiting)
        advance()
      })
    },
    slowDown() {
      const now = performance.now()
      if (maxRps === 0 || now - slowedAt < windowMs) return
      slowedAt = now
      limit = Math.max(1, limit * slowedTo)
    },
    speedUp() {
      if (limit < most) limit = Math.min(most, limit + (most * (1 - slowedTo)) / answersToRecover)
    },
    state: () => ({
      queueLength: line.size,
      inFlight,
      limitInForce: shared?.placesOf(limit, performance.now()) ?? limit,
      isAlone: shared?.isAlone() ?? false,
    }),
    close: () => shared?.close(),
  }
}

function overloaded(excessMs: number): CallbellError {
  return new CallbellError('OVERLOADED', 'no turn in time', {
    progress: 'unsent',
    retryAfterMs: Math.max(1, Math.ceil(excessMs)),
  })
}
