/**
 * Estimates Callbell's clock from its answers. Callbell writes `createdAt` by that clock, so it is compared
 * with that clock only: the gateway's clock may be wrong by any amount.
 */
import type { Moment } from '../domain/moment.ts'
import { clocksAgree } from '../domain/moment.ts'

/** Clocks drift apart: by 60 ms in this time, if one gains 100 parts per million. */
const maxAgeMs = 600_000

/** A slower answer may have been written long before it arrived. */
const maxLatencyMs = 2000

interface ClockReading {
  /** Callbell's time minus the monotonic time. The real difference is this or greater. */
  readonly skewMs: number
  readonly readAt: Moment
}

export class CallbellClock {
  private reading: ClockReading | undefined
  /** Of all answers with the same second, the first is the most precise. */
  private lastDate = ''

  /**
   * Reads the `Date` header of an answer. It was written before the answer arrived, so it is a lower bound.
   * It is at most three seconds too low, because it has whole seconds, and slow answers are not read.
   *
   * @param sentMs when the request was sent, on the clock of `performance.now()`
   * @param now returns the moment of arrival. Called only if it is needed
   */
  observe(date: unknown, sentMs: number, now: () => Moment): void {
    if (typeof date !== 'string' || date === this.lastDate) return
    const receivedAt = now()
    if (receivedAt.monotonicMs - sentMs > maxLatencyMs) return
    this.lastDate = date
    const dateMs = Date.parse(date)
    if (Number.isNaN(dateMs)) return
    const skewMs = dateMs - receivedAt.monotonicMs
    const { reading } = this
    if (reading && this.isValid(reading, receivedAt) && reading.skewMs >= skewMs) return
    this.reading = { skewMs, readAt: receivedAt }
  }

  /**
   * Returns a lower bound of Callbell's time at a moment.
   *
   * @returns milliseconds since the epoch; null if no answer is recent enough, or the machine's clocks
   *   disagree about the time in between
   */
  timeAt(moment: Moment): number | null {
    const { reading } = this
    return reading && this.isValid(reading, moment) ? moment.monotonicMs + reading.skewMs : null
  }

  private isValid({ readAt }: ClockReading, moment: Moment): boolean {
    const distanceMs = Math.abs(moment.monotonicMs - readAt.monotonicMs)
    return distanceMs < maxAgeMs && clocksAgree(readAt, moment)
  }
}
