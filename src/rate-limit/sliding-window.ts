/** Counts the requests of the last second as Callbell counts them. It has no clock and no timer of its own. */

import { Queue } from './queue.ts'

/** A second, and a little more because clocks and timers are not precise. */
export const windowMs = 1010
/**
 * Callbell counts a request at some moment between its first byte and its answer. So the request's second
 * starts with the answer, or this long after the first byte if that is earlier. Requests that were delayed on
 * their way then do not fall into the same second as later ones.
 */
export const maxTransitMs = 100
/** An eighth of the limit may start in a tenth of a second: bursts are spread out, which delays them less. */
const burstMs = windowMs / 10
const burstsPerLimit = 8

/** How many requests may start within a tenth of a second, if at most `limit` may start within a second. */
export function burstSizeOf(limit: number): number {
  return Math.ceil(limit / burstsPerLimit)
}

/** One request in a window: `start` if it is sent, then `end`. */
class InFlightEntry {
  startedAt: number | undefined
  endedAt: number | undefined
  mayArriveLate = false
  private readonly window: SlidingWindow

  constructor(window: SlidingWindow) {
    this.window = window
  }

  /** @param mayArriveLate whether it may take longer than `maxTransitMs` until a process accepts it */
  start(now: number, mayArriveLate: boolean): void {
    this.startedAt = now
    this.mayArriveLate = mayArriveLate
    this.window.startEntry(this, now)
  }

  /** The request was answered, has failed, or will not be sent. */
  end(now: number): void {
    this.endedAt = now
    this.window.endEntry(this, now)
  }
}

/** All times are milliseconds on one clock that never goes back. */
export class SlidingWindow {
  /** Entries that were added and have not started. */
  private pending = 0
  /** Unanswered requests that may arrive at any time. */
  private late = 0
  /** Requests that have started, until it is known when their second starts. Oldest first. */
  private readonly inFlight = new Queue<InFlightEntry>()
  /** When the seconds began that have not ended. Oldest first. */
  private readonly seconds = new Queue<number>()
  /** When the requests of the last tenth of a second started. Oldest first. */
  private readonly burst = new Queue<number>()

  /** Adds a request that has its permit. It counts from now on. */
  add(): InFlightEntry {
    this.pending += 1
    return new InFlightEntry(this)
  }

  /** Called by an entry of this window. */
  startEntry(entry: InFlightEntry, now: number): void {
    this.pending -= 1
    if (entry.mayArriveLate) this.late += 1
    else this.inFlight.push(entry)
    this.burst.push(now)
  }

  /** Called by an entry of this window. */
  endEntry({ startedAt, mayArriveLate }: InFlightEntry, now: number): void {
    if (startedAt === undefined) {
      this.pending -= 1
    } else if (mayArriveLate) {
      this.late -= 1
      this.beginSecond(now)
    }
  }

  /** How many requests may arrive now, or have arrived within the last second. */
  load(now: number): number {
    this.update(now)
    return this.count()
  }

  /** When the next request may be added, if at most `limit` may start within a second. */
  nextSlotAt(now: number, limit: number): number {
    this.update(now)
    const excess = this.count() - limit
    const burstExcess = -this.freeSlotsInBurst(limit)
    // A pending or unanswered request may begin its second at any moment: its end is not known yet.
    return Math.max(
      now,
      excess < 0 ? now : (this.seconds.at(excess) ?? now) + windowMs,
      burstExcess < 0 ? now : (this.burst.at(burstExcess) ?? now) + burstMs,
    )
  }

  /** Milliseconds until a request behind `ahead` others may be added, if answers arrive at once. */
  waitBehind(ahead: number, now: number, limit: number): number {
    const first = this.nextSlotAt(now, limit) - now
    const sinceFirst = now - (this.seconds.at(0) ?? now)
    return Math.max(first, Math.floor((ahead + this.count()) / limit) * windowMs - sinceFirst)
  }

  /** How many more requests may be added now, if at most `limit` may start within a second. */
  freeSlots(now: number, limit: number): number {
    this.update(now)
    return Math.min(limit - this.count(), this.freeSlotsInBurst(limit))
  }

  private freeSlotsInBurst(limit: number): number {
    return burstSizeOf(limit) - this.pending - this.burst.size
  }

  private count(): number {
    return this.pending + this.late + this.inFlight.size + this.seconds.size
  }

  /** Keeps the order: no second begins before that of a request that was counted earlier. */
  private beginSecond(at: number): void {
    this.seconds.push(Math.max(this.seconds.at(this.seconds.size - 1) ?? 0, at))
  }

  private update(now: number): void {
    const { inFlight, seconds, burst } = this
    for (let first = inFlight.at(0); first !== undefined; first = inFlight.at(0)) {
      const latest = (first.startedAt ?? now) + maxTransitMs
      if (first.endedAt === undefined && now < latest) break
      this.beginSecond(Math.min(first.endedAt ?? latest, latest))
      inFlight.shift()
    }
    dropUntil(seconds, now - windowMs)
    dropUntil(burst, now - burstMs)
  }
}

/** @param times oldest first */
function dropUntil(times: Queue<number>, end: number): void {
  for (let first = times.at(0); first !== undefined && first <= end; first = times.at(0)) times.shift()
}
