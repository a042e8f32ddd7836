/** A clock that stops while this process is blocked or gets no CPU, so that a limit holds on a slow machine. */
const tickMs = 10

export interface Stopwatch {
  /** Milliseconds since the start in which this process could run. */
  elapsedMs(): number
  stop(): void
}

export function startStopwatch(): Stopwatch {
  const startedAt = performance.now()
  let tickedAt = startedAt
  let lostMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    lostMs += Math.max(0, now - tickedAt - tickMs)
    tickedAt = now
  }, tickMs)
  return {
    elapsedMs: () => performance.now() - startedAt - lostMs,
    stop: () => clearInterval(timer),
  }
}
