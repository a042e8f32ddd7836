/** Counting what left within the last second, as the receiver counts it. No clock and no timer of its own. */

import { Fifo } from './fifo.ts'

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

/** A request that has left. */
export interface Flight {
  readonly leftAt: number
  answeredAt: number | undefined
}

/** All times are milliseconds on one clock that never goes back. */
export class SlidingWindow {
  /** Let in, and not known to have left. */
  private pending = 0
  /** Requests that have left, until it is known when their second starts, oldest first. */
  private readonly flying = new Fifo<Flight>()
  /** When the seconds started that are not over, oldest first. */
  private readonly started = new Fifo<number>()
  /** When the requests of the last tenth of a second left, oldest first. */
  private readonly clump = new Fifo<number>()

  letIn(): void {
    this.pending += 1
  }

  /** One that was let in will not leave. */
  takeBack(): void {
    this.pending -= 1
  }

  /** One that was let in leaves. Its `answeredAt` is to be set when it is answered. */
  leave(now: number): Flight {
    const flight = { leftAt: now, answeredAt: undefined }
    this.pending -= 1
    this.flying.push(flight)
    this.clump.push(now)
    return flight
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
    return Math.ceil(places / clumpsPerLimit) - this.pending - this.clump.size
  }

  private count(): number {
    return this.pending + this.flying.size + this.started.size
  }

  private catchUp(now: number): void {
    const { flying, started, clump } = this
    for (let first = flying.at(0); first !== undefined; first = flying.at(0)) {
      const latest = first.leftAt + longestHoldUpMs
      if (first.answeredAt === undefined && now < latest) break
      // In order: one that was answered before another that left earlier starts with that one.
      const last = started.at(started.size - 1) ?? 0
      started.push(Math.max(last, Math.min(first.answeredAt ?? latest, latest)))
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
