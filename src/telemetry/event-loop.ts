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

  function current(): number {
    return histogram.count === 0 ? 0 : Math.max(0, histogram.mean / nsPerMs - resolution)
  }

  setInterval(() => {
    last = current()
    histogram.reset()
  }, windowMs).unref()
  return () => Math.max(last, current())
}
