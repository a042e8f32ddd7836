/**
 * Callbell's clock, as far as its answers show it. `createdAt` is written by that clock, so it is compared
 * with nothing else: ours may be wrong by any amount.
 */
import type { Moment } from '../domain/moment.ts'
import { clocksAgree } from '../domain/moment.ts'

/** Two clocks drift apart: by 60 ms in this time where one gains 100 parts in a million. */
const longestValidMs = 600_000

/** An answer that took longer may have been written long before it arrived. */
const slowestMs = 2000

interface Reading {
  /** Callbell's time minus the monotonic time. The real difference is this or greater. */
  readonly skewMs: number
  readonly readAt: Moment
}

export class CallbellClock {
  private reading: Reading | undefined
  /** Of the same second, the first answer says the most. */
  private lastDate = ''

  /**
   * Reads the `Date` header of an answer of Callbell. It was written before the answer arrived, so it is a
   * lower bound; at most three seconds too low, as it has whole seconds and slow answers are not read.
   *
   * @param sentMs when the request was sent, on the clock of `performance.now()`
   * @param now the moment at which the answer has arrived; asked only where it is of use
   */
  observe(date: unknown, sentMs: number, now: () => Moment): void {
    if (typeof date !== 'string' || date === this.lastDate) return
    const receivedAt = now()
    if (receivedAt.monotonicMs - sentMs > slowestMs) return
    this.lastDate = date
    const dateMs = Date.parse(date)
    if (Number.isNaN(dateMs)) return
    const skewMs = dateMs - receivedAt.monotonicMs
    const { reading } = this
    if (reading && this.isValid(reading, receivedAt) && reading.skewMs >= skewMs) return
    this.reading = { skewMs, readAt: receivedAt }
  }

  /**
   * Callbell's time at a moment: it was this or later.
   *
   * @returns milliseconds since the epoch; null where no answer is near enough, or our clocks did not move
   *   alike in between
   */
  timeAt(moment: Moment): number | null {
    const { reading } = this
    return reading && this.isValid(reading, moment) ? moment.monotonicMs + reading.skewMs : null
  }

  private isValid({ readAt }: Reading, moment: Moment): boolean {
    const distanceMs = Math.abs(moment.monotonicMs - readAt.monotonicMs)
    return distanceMs < longestValidMs && clocksAgree(readAt, moment)
  }
}
