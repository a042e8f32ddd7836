/** What happens to the processes and to the upstream in a soak: one thing after the other, in an order of chance. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../../src/sandbox/random.ts'
import type { Replica } from './processes.ts'
import type { Redis } from './redis.ts'
import type { UpstreamOrder } from './upstream.ts'

export interface DisturbedParts {
  /** Those that may be ended, and whose clocks may be set. */
  readonly replicas: readonly [Replica, ...Replica[]]
  readonly redis: Redis
  readonly order: (order: UpstreamOrder) => void
  /** Called when Redis has lost its records, and the gateways have noticed. */
  readonly onLoss: () => void
}

/** @returns what it is, and the doing of it, which ends when all is as it was */
type Disturbance = readonly [name: string, () => Promise<void>]

/** Until gateways have reconnected, and the calls in flight have been answered. */
const reconnectMs = 2000
/** Seconds by which a clock is set. */
const jumps = [60, -60, 3600, -3600, 90_000] as const

/**
 * Disturbs until it is stopped, and leaves everything as it was. Each kind happens once before any
 * happens again.
 *
 * @param everyMs milliseconds between two, about
 * @param happens called with the name of each, when it begins
 */
export async function disturb(
  parts: DisturbedParts,
  everyMs: number,
  dice: Random,
  signal: AbortSignal,
  happens: (name: string) => void,
): Promise<void> {
  let left: Disturbance[] = []
  for (;;) {
    const calmMs = everyMs / 2 + dice.integer(everyMs)
    await delay(calmMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    if (left.length === 0) left = kinds(parts, dice)
    const [next] = left.splice(dice.integer(left.length), 1)
    if (next === undefined) continue
    const [name, run] = next
    happens(name)
    await run()
  }
}

function kinds({ replicas, redis, order, onLoss }: DisturbedParts, dice: Random): Disturbance[] {
  const restart = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const replica = dice.pick(replicas)
    await replica.end(signal)
    await replica.start()
  }
  const tooMany = async (retryAfter: string | null): Promise<void> => {
    order({ tooMany: retryAfter })
    await delay(1000 + dice.integer(1000))
    order({ tooMany: undefined })
  }
  const setClock = async (): Promise<void> => {
    const { clock } = dice.pick(replicas)
    const before = clock.aheadSeconds()
    clock.set(before + dice.pick(jumps))
    await delay(3000 + dice.integer(5000))
    clock.set(before)
  }
  return [
    ['the clock of a gateway set, and set back after seconds', setClock],
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
        await delay(2000 + dice.integer(4000))
        await redis.start()
      },
    ],
    [
      'Redis hanging for seconds',
      async () => {
        redis.suspend()
        await delay(2000 + dice.integer(3000))
        redis.resume()
      },
    ],
    ['Redis failing over to its replica, which has everything', () => redis.failOver(5000)],
    [
      'Redis replaced by an empty one',
      async () => {
        await redis.replaceByEmpty()
        await delay(reconnectMs)
        onLoss()
      },
    ],
    [
      'FLUSHALL',
      async () => {
        await redis.flush()
        onLoss()
      },
    ],
  ]
}
