/**
 * The pace of all requests to Callbell: never more than the account's limit within any second,
 * and never more in flight than the connections can carry. Bursts wait in line, but only those
 * that can still be served in time: the others are told at once.
 */
import { CallbellError } from './errors.ts'

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

export interface Pace {
  /**
   * Waits for the turn of one request.
   *
   * @param latest when the request must have been let in, on the clock of `performance.now()`
   * @throws CallbellError `OVERLOADED`, at once if its turn can't come in time
   */
  enter(latest: number): Promise<Pass>
  /** To be told of a 429: the limit in force is halved, once for each second of them. */
  slowDown(): void
  /** To be told of every other answer: the limit in force grows back. */
  speedUp(): void
  /** Requests per second that are let through now; Infinity without a limit. */
  limitInForce(): number
}

/** A second, and the jitter by which requests may get closer to each other on their way. */
const windowMs = 1030
/** Nobody waits behind more than this, whatever the deadlines allow: it bounds memory. */
const longestLine = 10_000
/** Answers that it takes to get from half of the limit back to all of it. */
const answersToRecover = 1000

/** What a replica takes for itself while it can't ask the others: enough for four of them. */
const shareAlone = 1 / 4

interface Waiting {
  readonly letIn: (pass: Pass) => void
  readonly timer: NodeJS.Timeout
}

export function createPace({ maxRps, maxInFlight, takeTurns }: PaceOptions): Pace {
  const most = maxRps === 0 ? Number.POSITIVE_INFINITY : maxRps
  let limit = most
  /** Let in, and not known to have left. */
  let pending = 0
  /** When each request that left stops to count, oldest first. */
  const expiries: number[] = []
  let inFlight = 0
  const line = new Set<Waiting>()
  let slowedAt = Number.NEGATIVE_INFINITY
  let alarm: NodeJS.Timeout | undefined
  let isAsking = false
  /** Before this there is no turn left to be shared. */
  let sharedAgainAt = 0

  function hasRoom(now: number, places = Math.floor(limit)): boolean {
    while (expiries[0] !== undefined && expiries[0] <= now) expiries.shift()
    return inFlight < maxInFlight && pending + expiries.length < places
  }

  /** Milliseconds until a request behind `ahead` others is let in, if answers come at once. */
  function waitBehind(ahead: number, now: number): number {
    const places = Math.floor(limit)
    const lacking = ahead - (places - pending - expiries.length)
    if (lacking < 0) return 0
    const expiry = expiries[lacking]
    if (expiry !== undefined) return expiry - now
    // Not before those who leave with these expiries have left, and a second has gone by again.
    const beyond = lacking - expiries.length
    const first = expiries[beyond % places] ?? now
    return first - now + (1 + Math.floor(beyond / places)) * windowMs
  }

  function letIn(): Pass {
    pending += 1
    inFlight += 1
    let hasLeft = false
    return {
      sent() {
        hasLeft = true
        pending -= 1
        if (maxRps !== 0) expiries.push(performance.now() + windowMs)
      },
      done() {
        if (!hasLeft) pending -= 1
        inFlight -= 1
        advance()
      },
    }
  }

  function letFirstIn(): void {
    for (const waiting of line) {
      line.delete(waiting)
      clearTimeout(waiting.timer)
      waiting.letIn(letIn())
      return
    }
  }

  function advance(): void {
    if (takeTurns && maxRps !== 0) void advanceTogether(takeTurns)
    else advanceAlone(Math.floor(limit))
  }

  function advanceAlone(places: number): void {
    const now = performance.now()
    while (line.size > 0 && hasRoom(now, places)) letFirstIn()
    setAlarm((expiries[0] ?? now + windowMs) - now)
  }

  /** One question at a time, for all that wait. */
  async function advanceTogether(ask: TakeTurns): Promise<void> {
    if (isAsking) return
    const wanted = Math.min(line.size, maxInFlight - inFlight)
    if (wanted <= 0) return
    isAsking = true
    try {
      const { granted, waitMs } = await ask(wanted, Math.floor(limit), windowMs)
      // Some may have given up meanwhile: their turns are lost, and the limit is kept.
      for (let turn = 0; turn < granted; turn += 1) letFirstIn()
      if (granted < wanted) {
        sharedAgainAt = performance.now() + waitMs
        setAlarm(waitMs)
      }
    } catch {
      // The store has said so in the log.
      advanceAlone(Math.max(1, Math.floor(limit * shareAlone)))
    }
    isAsking = false
    // Who came during the question has not been asked for.
    if (alarm === undefined && line.size > 0) advance()
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
    async enter(latest) {
      const now = performance.now()
      if (line.size === 0 && takeTurns === undefined && hasRoom(now)) return letIn()
      const wait = Math.max(waitBehind(line.size, now), sharedAgainAt - now)
      if (now + wait > latest || line.size >= longestLine) throw overloaded(now + wait - latest)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          line.delete(waiting)
          reject(overloaded(waitBehind(line.size, performance.now())))
        }, latest - now)
        const waiting: Waiting = { letIn: resolve, timer }
        line.add(waiting)
        advance()
      })
    },
    slowDown() {
      const now = performance.now()
      if (maxRps === 0 || now - slowedAt < windowMs) return
      slowedAt = now
      limit = Math.max(1, limit / 2)
    },
    speedUp() {
      if (limit < most) limit = Math.min(most, limit + most / 2 / answersToRecover)
    },
    limitInForce: () => limit,
  }
}

function overloaded(excessMs: number): CallbellError {
  return new CallbellError('OVERLOADED', 'no turn in time', {
    progress: 'unsent',
    retryAfterMs: Math.max(1, Math.ceil(excessMs)),
  })
}
