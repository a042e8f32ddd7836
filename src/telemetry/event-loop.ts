/** Measures the delay of the event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Milliseconds between two samples. Each sample is at least this long, even when the loop is idle. */
const resolution = 20
const windowMs = 1000
const nsPerMs = 1_000_000

/**
 * @returns a function that returns the mean delay in milliseconds: the larger of the last full second's
 *   and the current second's
 */
export function watchEventLoop(): () => number {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  let last = 0

  /**
   * Weighted by time, as a new request experiences it: a loop that is blocked for 900 ms of each second
   * delays most requests, although most samples are short. It is the mean of squares over the mean.
   */
  function current(): number {
    const { count, mean, stddev } = histogram
    return count === 0 ? 0 : Math.max(0, (stddev ** 2 / mean + mean) / nsPerMs - resolution)
  }

  setInterval(() => {
    last = current()
    histogram.reset()
  }, windowMs).unref()
  return () => Math.max(last, current())
}
