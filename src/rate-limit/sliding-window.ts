/** Counting what left within the last second, as the receiver counts it. No clock and no timer of its own. */

import { Queue } from './queue.ts'

/** A second, and a little more for what clocks and timers lack in precision. */
export const windowMs = 1010
/**
 * Callbell counts a request when it takes it up, which is somewhere between its leaving and its
 * answer. The second starts with the answer, or so long after the leaving if that is earlier:
 * requests that were held up on their way do not meet the next ones in the same second.
 */
export const longestHoldUpMs = 100
/** An eighth of the limit may leave in a tenth of a second: a burst is spread, and held up less. */
const burstMs = windowMs / 10
const burstsPerLimit = 8

/** How many may leave within a tenth of a second, if no more than `places` may leave in a second. */
export function burstSizeOf(places: number): number {
  return Math.ceil(places / burstsPerLimit)
}

/** The place of one request in a window: `letIn`, then `leave` or not, then `end`. */
class InFlightEntry {
  leftAt: number | undefined
  answeredAt: number | undefined
  isHeld = false
  private readonly window: SlidingWindow

  constructor(window: SlidingWindow) {
    this.window = window
  }

  /** @param isHeld whether it may wait for longer than `longestHoldUpMs` before anyone takes it up */
  start(now: number, isHeld: boolean): void {
    this.leftAt = now
    this.isHeld = isHeld
    this.window.startEntry(this, now)
  }

  /** It is answered, has failed, or will not leave. */
  end(now: number): void {
    this.answeredAt = now
    this.window.endEntry(this, now)
  }
}

/** All times are milliseconds on one clock that never goes back. */
export class SlidingWindow {
  /** Let in, and not known to have left. */
  private pending = 0
  /** Requests that have left, may not have been taken up yet for any time, and are unanswered. */
  private held = 0
  /** Requests that have left, until it is known when their second starts, oldest first. */
  private readonly inFlight = new Queue<InFlightEntry>()
  /** When the seconds started that are not over, oldest first. */
  private readonly started = new Queue<number>()
  /** When the requests of the last tenth of a second left, oldest first. */
  private readonly burstSize = new Queue<number>()

  enter(): InFlightEntry {
    this.pending += 1
    return new InFlightEntry(this)
  }

  /** For a slot of this window. */
  startEntry(slot: InFlightEntry, now: number): void {
    this.pending -= 1
    if (slot.isHeld) this.held += 1
    else this.inFlight.push(slot)
    this.burstSize.push(now)
  }

  /** For a slot of this window. */
  endEntry({ leftAt, isHeld }: InFlightEntry, now: number): void {
    if (leftAt === undefined) {
      this.pending -= 1
    } else if (isHeld) {
      this.held -= 1
      this.countStart(now)
    }
  }

  /** How many may be taken up now, or were within the last second. */
  load(now: number): number {
    this.catchUp(now)
    return this.count()
  }

  /** The moment from which on one more may be let in, if no more than `places` may leave in a second. */
  nextSlotAt(now: number, places: number): number {
    this.catchUp(now)
    const lacking = this.count() - places
    const lackingInClump = -this.slotsInBurst(places)
    // What is let in or flying may start its second any moment: when it ends is not known yet.
    return Math.max(
      now,
      lacking < 0 ? now : (this.started.at(lacking) ?? now) + windowMs,
      lackingInClump < 0 ? now : (this.burstSize.at(lackingInClump) ?? now) + burstMs,
    )
  }

  /** Milliseconds until a request behind `ahead` others may be let in, if answers come at once. */
  waitBehind(ahead: number, now: number, places: number): number {
    const first = this.nextSlotAt(now, places) - now
    const sinceFirst = now - (this.started.at(0) ?? now)
    return Math.max(first, Math.floor((ahead + this.count()) / places) * windowMs - sinceFirst)
  }

  /** How many more may be let in at this moment, if no more than `places` may leave in a second. */
  room(now: number, places: number): number {
    this.catchUp(now)
    return Math.min(places - this.count(), this.slotsInBurst(places))
  }

  private slotsInBurst(places: number): number {
    return burstSizeOf(places) - this.pending - this.burstSize.size
  }

  private count(): number {
    return this.pending + this.held + this.inFlight.size + this.started.size
  }

  /** In order: where one that left earlier starts later, this one starts with that one. */
  private countStart(at: number): void {
    this.started.push(Math.max(this.started.at(this.started.size - 1) ?? 0, at))
  }

  private catchUp(now: number): void {
    const { inFlight, started, burstSize } = this
    for (let first = inFlight.at(0); first !== undefined; first = inFlight.at(0)) {
      const latest = (first.leftAt ?? now) + longestHoldUpMs
      if (first.answeredAt === undefined && now < latest) break
      this.countStart(Math.min(first.answeredAt ?? latest, latest))
      inFlight.shift()
    }
    dropUntil(started, now - windowMs)
    dropUntil(burstSize, now - burstMs)
  }
}

/** @param times oldest first */
function dropUntil(times: Queue<number>, end: number): void {
  for (let first = times.at(0); first !== undefined && first <= end; first = times.at(0)) times.shift()
}
