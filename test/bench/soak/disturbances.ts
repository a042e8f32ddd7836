/** What happens to the processes and to the upstream in a soak: one thing after the other, in an order of chance. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Dice } from '../../../src/sandbox/seed/dice.ts'
import type { Redis, Replica } from './processes.ts'
import type { UpstreamOrder } from './upstream.ts'

export interface DisturbedParts {
  /** Those that may be ended. */
  readonly replicas: readonly [Replica, ...Replica[]]
  readonly redis: Redis
  readonly tell: (order: UpstreamOrder) => void
}

/** @returns what it is, and the doing of it, which ends when all is as it was */
type Disturbance = readonly [name: string, () => Promise<void>]

const shortestCalmMs = 15_000
const longestCalmMs = 40_000

/**
 * Disturbs until it is told to stop, and leaves everything as it was. Each kind has its turn before
 * any comes again.
 *
 * @param happened told of each, when it begins
 */
export async function disturb(
  parts: DisturbedParts,
  dice: Dice,
  signal: AbortSignal,
  happened: (name: string) => void,
): Promise<void> {
  let left: Disturbance[] = []
  for (;;) {
    const calm = shortestCalmMs + dice.roll(longestCalmMs - shortestCalmMs)
    await delay(calm, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    if (left.length === 0) left = kinds(parts, dice)
    const [next] = left.splice(dice.roll(left.length), 1)
    if (next === undefined) continue
    const [name, run] = next
    happened(name)
    await run()
  }
}

function kinds({ replicas, redis, tell }: DisturbedParts, dice: Dice): Disturbance[] {
  const restart = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const replica = dice.pick(replicas)
    await replica.end(signal)
    await replica.start()
  }
  const tooMany = async (retryAfter: string | null): Promise<void> => {
    tell({ tooMany: retryAfter })
    await delay(1000 + dice.roll(1000))
    tell({ tooMany: undefined })
  }
  return [
    ['a gateway ended by SIGTERM and started again', () => restart('SIGTERM')],
    ['a gateway killed and started again', () => restart('SIGKILL')],
    ['429 for everyone', () => tooMany(null)],
    ['429 with Retry-After for everyone', () => tooMany('1')],
    [
      'Redis killed and started again at once',
      async () => {
        await redis.kill()
        await redis.start()
      },
    ],
    [
      'Redis killed and started again after seconds',
      async () => {
        await redis.kill()
        await delay(2000 + dice.roll(4000))
        await redis.start()
      },
    ],
    [
      'Redis hanging for seconds',
      async () => {
        redis.hang()
        await delay(2000 + dice.roll(3000))
        redis.goOn()
      },
    ],
  ]
}
