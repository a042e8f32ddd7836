/** Counting what left within the last second, as the receiver counts it. No clock and no timer of its own. */

import { Fifo } from './queue.ts'

/** A second, and a little more for what clocks and timers lack in precision. */
export const windowMs = 1010
/**
 * Callbell counts a request when it takes it up, which is somewhere between its leaving and its
 * answer. The second starts with the answer, or so long after the leaving if that is earlier:
 * requests that were held up on their way do not meet the next ones in the same second.
 */
export const longestHoldUpMs = 100
/** An eighth of the limit may leave in a tenth of a second: a burst is spread, and held up less. */
const clumpMs = windowMs / 10
const clumpsPerLimit = 8

/** How many may leave within a tenth of a second, if no more than `places` may leave in a second. */
export function clumpOf(places: number): number {
  return Math.ceil(places / clumpsPerLimit)
}

/** The place of one request in a window: `letIn`, then `leave` or not, then `end`. */
class Slot {
  leftAt: number | undefined
  answeredAt: number | undefined
  isHeld = false
  private readonly window: SlidingWindow

  constructor(window: SlidingWindow) {
    this.window = window
  }

  /** @param isHeld whether it may wait for longer than `longestHoldUpMs` before anyone takes it up */
  leave(now: number, isHeld: boolean): void {
    this.leftAt = now
    this.isHeld = isHeld
    this.window.leave(this, now)
  }

  /** It is answered, has failed, or will not leave. */
  end(now: number): void {
    this.answeredAt = now
    this.window.end(this, now)
  }
}

/** All times are milliseconds on one clock that never goes back. */
export class SlidingWindow {
  /** Let in, and not known to have left. */
  private pending = 0
  /** Requests that have left, may not have been taken up yet for any time, and are unanswered. */
  private held = 0
  /** Requests that have left, until it is known when their second starts, oldest first. */
  private readonly flying = new Fifo<Slot>()
  /** When the seconds started that are not over, oldest first. */
  private readonly started = new Fifo<number>()
  /** When the requests of the last tenth of a second left, oldest first. */
  private readonly clump = new Fifo<number>()

  letIn(): Slot {
    this.pending += 1
    return new Slot(this)
  }

  /** For a slot of this window. */
  leave(slot: Slot, now: number): void {
    this.pending -= 1
    if (slot.isHeld) this.held += 1
    else this.flying.push(slot)
    this.clump.push(now)
  }

  /** For a slot of this window. */
  end({ leftAt, isHeld }: Slot, now: number): void {
    if (leftAt === undefined) {
      this.pending -= 1
    } else if (isHeld) {
      this.held -= 1
      this.start(now)
    }
  }

  /** How many may be taken up now, or were within the last second. */
  load(now: number): number {
    this.catchUp(now)
    return this.count()
  }

  /** The moment from which on one more may be let in, if no more than `places` may leave in a second. */
  roomAt(now: number, places: number): number {
    this.catchUp(now)
    const lacking = this.count() - places
    const lackingInClump = -this.placesInClump(places)
    // What is let in or flying may start its second any moment: when it ends is not known yet.
    return Math.max(
      now,
      lacking < 0 ? now : (this.started.at(lacking) ?? now) + windowMs,
      lackingInClump < 0 ? now : (this.clump.at(lackingInClump) ?? now) + clumpMs,
    )
  }

  /** Milliseconds until a request behind `ahead` others may be let in, if answers come at once. */
  waitBehind(ahead: number, now: number, places: number): number {
    const first = this.roomAt(now, places) - now
    const sinceFirst = now - (this.started.at(0) ?? now)
    return Math.max(first, Math.floor((ahead + this.count()) / places) * windowMs - sinceFirst)
  }

  /** How many more may be let in at this moment, if no more than `places` may leave in a second. */
  room(now: number, places: number): number {
    this.catchUp(now)
    return Math.min(places - this.count(), this.placesInClump(places))
  }

  private placesInClump(places: number): number {
    return clumpOf(places) - this.pending - this.clump.size
  }

  private count(): number {
    return this.pending + this.held + this.flying.size + this.started.size
  }

  /** In order: where one that left earlier starts later, this one starts with that one. */
  private start(at: number): void {
    this.started.push(Math.max(this.started.at(this.started.size - 1) ?? 0, at))
  }

  private catchUp(now: number): void {
    const { flying, started, clump } = this
    for (let first = flying.at(0); first !== undefined; first = flying.at(0)) {
      const latest = (first.leftAt ?? now) + longestHoldUpMs
      if (first.answeredAt === undefined && now < latest) break
      this.start(Math.min(first.answeredAt ?? latest, latest))
      flying.shift()
    }
    dropUntil(started, now - windowMs)
    dropUntil(clump, now - clumpMs)
  }
}

/** @param times oldest first */
function dropUntil(times: Fifo<number>, end: number): void {
  for (let first = times.at(0); first !== undefined && first <= end; first = times.at(0)) times.shift()
}
