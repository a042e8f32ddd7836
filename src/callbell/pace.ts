/**
 * The pace of all requests to Callbell: never more than the account's limit within any second,
 * and never more in flight than the connections can carry. Bursts wait in line, but only those
 * that can still be served in time: the others are told at once. In line, callers take turns: one
 * that asks for more than its share makes itself wait, not the others.
 */
import { CallbellError } from './errors.ts'
import { FairLine } from './fair-line.ts'
import type { Flight } from './sliding-window.ts'
import { longestHoldUpMs, SlidingWindow, windowMs } from './sliding-window.ts'

export interface PaceOptions {
  /** Requests that may leave within any second; 0: no limit. */
  readonly maxRps: number
  /** Requests that may be unanswered at a time. */
  readonly maxInFlight: number
  /** Where other replicas use the same account: takes turns from what all have together. */
  readonly takeTurns?: TakeTurns | undefined
}

/**
 * Takes up to `wanted` turns out of `maxRps` in any `windowMs` milliseconds, which all replicas
 * share. Rejects where the others can't be asked.
 *
 * @returns how many were granted and, if not all, the milliseconds until there may be more
 */
export type TakeTurns = (
  wanted: number,
  maxRps: number,
  windowMs: number,
) => Promise<{ readonly granted: number; readonly waitMs: number }>

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
}

/** Shared turns are counted from when they are given: a request may be held up from there on. */
const sharedWindowMs = windowMs + longestHoldUpMs
/** Nobody waits behind more than this, whatever the deadlines allow: it bounds memory. */
const longestLine = 10_000
/** Of one bucket: the others must find room in the line, too. */
const longestOfBucket = longestLine / 2
/** What is left of the limit after a 429, and the answers that it takes to get back to all of it. */
const slowedTo = 3 / 4
const answersToRecover = 1000

/** What a replica takes for itself while it can't ask the others: enough for four of them. */
const shareAlone = 1 / 4
/** Until it asks them again. */
const askAgainAfterMs = 1000

interface Waiting {
  readonly letIn: (pass: Pass) => void
  readonly timer: NodeJS.Timeout
}

export function createPace({ maxRps, maxInFlight, takeTurns }: PaceOptions): Pace {
  const most = maxRps === 0 ? Number.POSITIVE_INFINITY : maxRps
  let limit = most
  const window = new SlidingWindow()
  let inFlight = 0
  const line = new FairLine<Waiting>()
  let slowedAt = Number.NEGATIVE_INFINITY
  let alarm: NodeJS.Timeout | undefined
  let isAsking = false
  /** Before this there is no turn left to be shared. */
  let sharedAgainAt = 0
  /** Until then the others are not asked. */
  let aloneUntil = 0

  function placesAlone(): number {
    return Math.max(1, Math.floor(limit * shareAlone))
  }

  function hasRoom(now: number, limitInForce: number): boolean {
    return inFlight < maxInFlight && window.roomAt(now, limitInForce) <= now
  }

  function places(): number {
    return Math.floor(limit)
  }

  function waitBehind(ahead: number, now: number): number {
    return maxRps === 0 ? 0 : window.waitBehind(ahead, now, places())
  }

  function letIn(): Pass {
    inFlight += 1
    let flight: Flight | undefined
    if (maxRps !== 0) window.letIn()
    return {
      sent() {
        if (maxRps !== 0) flight = window.leave(performance.now())
      },
      done() {
        if (flight) flight.answeredAt = performance.now()
        else if (maxRps !== 0) window.takeBack()
        inFlight -= 1
        advance()
      },
    }
  }

  function letNextIn(): void {
    const next = line.takeNext()
    if (next === undefined) return
    clearTimeout(next.timer)
    next.letIn(letIn())
  }

  function advance(): void {
    if (takeTurns === undefined || maxRps === 0) advanceAlone(places())
    else if (performance.now() < aloneUntil) advanceAlone(placesAlone())
    else void advanceTogether(takeTurns)
  }

  function advanceAlone(limitAlone: number): void {
    const now = performance.now()
    while (line.size > 0 && hasRoom(now, limitAlone)) letNextIn()
    setAlarmForRoom(limitAlone)
  }

  /** One question at a time, for all that wait. */
  async function advanceTogether(ask: TakeTurns): Promise<void> {
    if (isAsking) return
    const ofClump = window.roomInClump(performance.now(), places())
    const wanted = Math.min(line.size, maxInFlight - inFlight, ofClump)
    if (wanted <= 0) {
      setAlarmForRoom(places())
      return
    }
    isAsking = true
    try {
      const { granted, waitMs } = await ask(wanted, places(), sharedWindowMs)
      // Some may have given up meanwhile: their turns are lost, and the limit is kept.
      for (let turn = 0; turn < granted; turn += 1) letNextIn()
      if (granted < wanted) {
        sharedAgainAt = performance.now() + waitMs
        setAlarm(waitMs)
      } else {
        setAlarmForRoom(places())
      }
    } catch {
      // The store has said so in the log. Not everyone has to wait to find out again.
      aloneUntil = performance.now() + askAgainAfterMs
      advanceAlone(placesAlone())
    }
    isAsking = false
  }

  function setAlarmForRoom(limitInForce: number): void {
    // What waits for a connection is called by the one that is done with it.
    if (inFlight >= maxInFlight) return
    const now = performance.now()
    setAlarm(window.roomAt(now, limitInForce) - now)
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
      if (line.size === 0 && takeTurns === undefined && hasRoom(now, places())) return letIn()
      const wait = Math.max(waitBehind(line.ahead(bucket), now), sharedAgainAt - now)
      const isFull = line.size >= longestLine || line.sizeOf(bucket) >= longestOfBucket
      if (now + wait > latest || isFull) throw overloaded(now + wait - latest)
      return new Promise((resolve, reject) => {
        // Its turn was due in time when it came: since then, answers were slow, or a bucket with
        // fewer in line took turns before it.
        const timer = setTimeout(() => {
          line.remove(bucket, waiting)
          reject(overloaded(waitBehind(line.ahead(bucket), performance.now())))
        }, latest - now)
        const waiting: Waiting = { letIn: resolve, timer }
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
    state() {
      const isAlone = takeTurns !== undefined && performance.now() < aloneUntil
      return {
        queueLength: line.size,
        inFlight,
        limitInForce: isAlone ? placesAlone() : limit,
        isAlone,
      }
    },
  }
}

function overloaded(excessMs: number): CallbellError {
  return new CallbellError('OVERLOADED', 'no turn in time', {
    progress: 'unsent',
    retryAfterMs: Math.max(1, Math.ceil(excessMs)),
  })
}
