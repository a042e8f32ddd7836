/** A fake monotonic clock and fake timers, those of `node:timers/promises` too. Jitter is its mean. */
import { syncBuiltinESMExports } from 'node:module'
import promises from 'node:timers/promises'
import { vi } from 'vitest'

/** Call `useRealClock` after the test. */
export function useFakeClock(): void {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  vi.spyOn(promises, 'setTimeout').mockImplementation(
    (ms, value) => new Promise((resolve) => void setTimeout(() => resolve(value), ms)),
  )
  syncBuiltinESMExports()
}

export function useRealClock(): void {
  vi.restoreAllMocks()
  vi.useRealTimers()
  syncBuiltinESMExports()
}

export const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))

export interface Settled {
  /** The value, or the error. */
  readonly result: unknown
  /** The time on the fake clock. */
  readonly at: number
}

/** Lets the time pass until the promise is settled. */
export async function settled(promise: Promise<unknown>): Promise<Settled> {
  const ends: Settled[] = []
  const note = (result: unknown): void => void ends.push({ result, at: performance.now() })
  promise.then(note, note)
  for (let steps = 0; steps < 1000; steps += 1) {
    await vi.advanceTimersByTimeAsync(0)
    const [end] = ends
    if (end) return end
    await vi.advanceTimersToNextTimerAsync()
  }
  throw new Error('the promise is never settled')
}
