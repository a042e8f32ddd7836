/** Moments on both clocks of a machine, and whether the clocks agree on the time between two of them. */

/** Milliseconds since the epoch, as `Date.now` returns them. */
export type WallClock = () => number

/**
 * The monotonic clock measures durations, but stops while the machine is suspended. The wall clock continues
 * then, but can be set. Neither alone shows how much time has passed.
 */
export interface Moment {
  /** On the clock of `performance.now()`. */
  readonly monotonicMs: number
  /** Milliseconds since the epoch. */
  readonly wallMs: number
}

/** @param wall default: the clock of the machine */
export function momentNow(wall: WallClock = Date.now): Moment {
  return { monotonicMs: performance.now(), wallMs: wall() }
}

/** Clocks that are being slewed differ by a few milliseconds per minute. */
const toleranceMs = 1000

/**
 * Whether both clocks measured the same time between two moments. If not, the machine was suspended or its
 * wall clock was set, and no measurement in between is evidence.
 */
export function clocksAgree(earlier: Moment, later: Moment): boolean {
  const wallMs = later.wallMs - earlier.wallMs
  const monotonicMs = later.monotonicMs - earlier.monotonicMs
  return Math.abs(wallMs - monotonicMs) < toleranceMs
}
