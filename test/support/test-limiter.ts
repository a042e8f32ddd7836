/** A rate limiter without connections, and bursts of requests that are answered at once. */
import type { Permit } from '../../src/rate-limit/permit.ts'
import type { RateLimiter, RateLimiterOptions } from '../../src/rate-limit/rate-limiter.ts'
import { createRateLimiter } from '../../src/rate-limit/rate-limiter.ts'

export const soon = (): number => performance.now() + 20_000

/** Returns a promise for each permit, also for one that is available at once. */
export interface TestLimiter extends RateLimiter {
  acquire(latest: number, bucket: string): Promise<Permit>
}

/** A limiter for which a connection is always ready. */
export function createTestLimiter(options: Omit<RateLimiterOptions, 'connections'>): TestLimiter {
  const connections = {
    ready: Number.POSITIVE_INFINITY,
    lackingFor: () => 0,
    open: async () => undefined,
    take: () => ({ isAccepted: true }),
    release: () => undefined,
    onChange: () => undefined,
  }
  const limiter = createRateLimiter({ ...options, connections })
  return { ...limiter, acquire: async (latest, bucket) => limiter.acquire(latest, bucket) }
}

/** Sends a burst of instant requests. @returns when each was sent */
export async function burst(limiter: RateLimiter, requests: number): Promise<number[]> {
  const times: number[] = []
  const send = async (): Promise<void> => {
    const permit = await limiter.acquire(soon(), 'a')
    const isUsable = permit.isUsable()
    if (isUsable) {
      permit.sent()
      times.push(performance.now())
    }
    permit.release()
    if (!isUsable) await send()
  }
  await Promise.all(Array.from({ length: requests }, send))
  return times.toSorted((a, b) => a - b)
}

/** @returns the most requests that were sent within any second */
export function mostInASecond(times: readonly number[]): number {
  return Math.max(
    ...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length),
  )
}
