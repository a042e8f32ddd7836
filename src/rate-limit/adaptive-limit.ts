/** The limit in force: small right after the start; it falls on every 429 and grows back with successes. */
import { windowMs } from './sliding-window.ts'

/** The part of the limit that remains after a window with a 429. */
const slowdownFactor = 1 / 2
/** The part of the limit that always remains. */
const minRatio = 1 / 10
/**
 * Requests a second that each success adds. At the rate of successes this is exponential: the limit grows from
 * a tenth to the whole in six seconds.
 */
const growth = 0.4
/** The part of the limit that may start before `startAt`: it does no harm beside a process with the whole limit. */
const warmUpRatio = 0.02
/** A replica without permits raises its limit after this many windows without a 429. */
const calmWindows = 2

export interface AdaptiveLimit {
  /** Requests a second; Infinity without a limit. Not a whole number. */
  current(): number
  /** Whether the whole limit may be used. */
  isWarm(): boolean
  /** @returns what may start within a second out of `limit`: only a little while the limit is not warm */
  warmUp(limit: number): number
  /** Halves the limit, once in each window. */
  slowDown(): void
  /** Raises the limit after a success. @param replicas that share the limit: each sees its own successes only */
  speedUp(replicas: number): void
  /**
   * Raises the limit of a replica that was granted no permit. If its limit was cut below what the others send,
   * it gets no permits, so no successes could raise it. All together stay below the whole limit anyway.
   */
  growWithoutPermits(now: number): void
}

/**
 * @param maxLimit requests a second; Infinity without a limit
 * @param startAt when the whole limit may be used, on the clock of `performance.now()`
 */
export function createAdaptiveLimit(maxLimit: number, startAt: number): AdaptiveLimit {
  const minLimit = Math.max(1, maxLimit * minRatio)
  let limit = maxLimit
  let slowedAt = Number.NEGATIVE_INFINITY
  let grewAt = Number.NEGATIVE_INFINITY
  let hasStarted = false

  function isWarm(): boolean {
    hasStarted ||= performance.now() >= startAt
    return hasStarted
  }

  return {
    current: () => limit,
    isWarm,
    warmUp: (own) => (isWarm() ? own : Math.min(own, Math.max(1, Math.floor(maxLimit * warmUpRatio)))),
    slowDown() {
      const now = performance.now()
      if (maxLimit === Number.POSITIVE_INFINITY || now - slowedAt < windowMs) return
      slowedAt = now
      limit = Math.max(minLimit, limit * slowdownFactor)
    },
    speedUp(replicas) {
      if (limit < maxLimit) limit = Math.min(maxLimit, limit + growth * replicas)
    },
    growWithoutPermits(now) {
      const isCalm = now - slowedAt >= calmWindows * windowMs && now - grewAt >= windowMs
      if (limit >= maxLimit || !isCalm) return
      grewAt = now
      limit = Math.min(maxLimit, limit + maxLimit * minRatio)
    },
  }
}
