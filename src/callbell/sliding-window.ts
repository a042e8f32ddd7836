/** Counting what left within the last second, as the receiver counts it. No clock and no timer of its own. */

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
  private readonly flying: Flight[] = []
  /** When the seconds started that are not over, oldest first. */
  private readonly started: number[] = []
  /** When the requests of the last tenth of a second left, oldest first. */
  private readonly clump: number[] = []

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
      lacking < 0 ? now : (this.started[lacking] ?? now) + windowMs,
      lackingInClump < 0 ? now : (this.clump[lackingInClump] ?? now) + clumpMs,
    )
  }

  /** Milliseconds until a request behind `ahead` others may be let in, if answers come at once. */
  waitBehind(ahead: number, now: number, places: number): number {
    const first = this.roomAt(now, places) - now
    const sinceFirst = now - (this.started[0] ?? now)
    return Math.max(first, Math.floor((ahead + this.count()) / places) * windowMs - sinceFirst)
  }

  /** How many more may be let in at this moment, if no more than `places` may leave in a second. */
  room(now: number, places: number): number {
    this.catchUp(now)
    return Math.min(places - this.count(), this.placesInClump(places))
  }

  private placesInClump(places: number): number {
    return Math.ceil(places / clumpsPerLimit) - this.pending - this.clump.length
  }

  private count(): number {
    return this.pending + this.flying.length + this.started.length
  }

  private catchUp(now: number): void {
    const { flying, started, clump } = this
    for (let first = flying[0]; first !== undefined; first = flying[0]) {
      const latest = first.leftAt + longestHoldUpMs
      if (first.answeredAt === undefined && now < latest) break
      // In order: one that was answered before another that left earlier starts with that one.
      started.push(Math.max(started.at(-1) ?? 0, Math.min(first.answeredAt ?? latest, latest)))
      flying.shift()
    }
    while (started[0] !== undefined && started[0] + windowMs <= now) started.shift()
    while (clump[0] !== undefined && clump[0] + clumpMs <= now) clump.shift()
  }
}
