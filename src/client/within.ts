/** Waits that end: by a time limit, or by an `AbortSignal`. */
import type { OnceClock, Signal } from './once-types.ts'

/** A monotonic clock and the timers of the platform. */
export const systemClock: OnceClock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    }),
}

export interface Limits {
  readonly ms: number
  readonly clock: OnceClock
  readonly signal?: Signal | undefined
}

/**
 * Does work for a limited time. It does not wait for work that ignores its signal.
 *
 * @param work its signal is aborted when the time is over, and when the work has ended
 * @throws what the work throws, the reason of an abort, or an error that names the limit
 */
export async function within<Result>(
  { ms, clock, signal }: Limits,
  work: (signal: Signal) => Result | PromiseLike<Result>,
): Promise<Result> {
  const ending = new AbortController()
  const aborted = new Promise<never>((_resolve, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason))
  })
  const abort = (): void => ending.abort(signal?.reason)
  signal?.addEventListener('abort', abort)
  void clock
    .sleep(ms, ending.signal)
    .then(() => ending.abort(new Error(`No answer within ${Math.ceil(ms)} ms.`)))
  try {
    // In a function, so that what the work throws at once is a rejection, too.
    return await Promise.race([aborted, (async () => work(ending.signal))()])
  } finally {
    signal?.removeEventListener('abort', abort)
    ending.abort()
  }
}
