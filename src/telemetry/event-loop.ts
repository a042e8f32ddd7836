/** How far the process is behind: everything that it does waits for one loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Between two measurements, in milliseconds. Each is this much at least, even of an idle loop. */
const resolution = 20
const windowMs = 1000
const nsPerMs = 1_000_000

/**
 * @returns a function that tells the milliseconds by which the loop was late on average, in the last
 *   second that is over or in the one that is on
 */
export function watchEventLoop(): () => number {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  let last = 0

  /**
   * Weighed by time, as whoever comes meets it: a loop that is blocked for 900 ms of each second makes
   * most of them wait, though most of its turns are short. The mean of squares over the mean.
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
