/** A store of permits on a fake clock, by the rules of `acquireSharedScript`, and the connections to it. */
import type { PermitReply, PermitRequest, SharedLimiter } from '../../src/store/shared-limits.ts'

/** The constants of `store/redis.ts`. */
const rememberReplicaMs = 60_000
const quietMs = 2000
/** The timeout of `store/redis-connection.ts`. */
const replyTimeoutMs = 1000

/** One replica's connection to the store. */
export interface SimulatedLink {
  replyMs: number
  isReachable: boolean
  readonly acquireShared: SharedLimiter['acquireShared']
  /** Ends the replica: nothing is reserved for it any more. */
  readonly leave: () => void
}

export interface SimulatedPermitStore {
  readonly link: (options?: { readonly replyMs?: number; readonly isReachable?: boolean }) => SimulatedLink
  /** Delays all replies until `resume`. */
  suspend(): void
  resume(): void
  /** Loses all data. */
  flush(): void
}

interface Replica {
  readonly askedAt: number
  readonly confirmedAt: number
  readonly share: number
  readonly uncounted: number
}

/** By how much the store's clock is ahead of the replicas'. */
const clockAheadMs = 1_000_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

async function giveUp(): Promise<never> {
  await wait(replyTimeoutMs)
  throw new Error('no answer')
}

export function createSimulatedPermitStore(): SimulatedPermitStore {
  let permits: number[] = []
  let replicas = new Map<string, Replica>()
  /** Replicas have used it before: none waits for permits that it may have lost. */
  let quietUntil: number | undefined = 1
  let running = Promise.withResolvers<void>()
  running.resolve()
  let links = 0

  function grant(replica: string, request: PermitRequest): PermitReply {
    const { wanted, limit, lifetimeMs, uncounted, share, confirmedAt, degradedAfterMs, hasClockJumped } =
      request
    const now = Math.floor(performance.now()) + clockAheadMs
    permits = permits.filter((until) => until > now)
    const own = replicas.get(replica)
    const isOlder =
      confirmedAt > 0 &&
      now - confirmedAt < rememberReplicaMs &&
      (own === undefined || own.askedAt < confirmedAt)
    if (quietUntil === undefined || (now >= quietUntil && (isOlder || hasClockJumped))) {
      permits = []
      quietUntil = now + Math.max(quietMs, lifetimeMs)
    }
    replicas.set(replica, { askedAt: now, confirmedAt, share, uncounted })
    let reserved = 0
    let more = 0
    for (const [name, other] of replicas) {
      if (now - other.askedAt > rememberReplicaMs) replicas.delete(name)
      else if (now - other.confirmedAt <= degradedAfterMs) more += other.uncounted
      else reserved += Math.max(other.share, other.uncounted)
    }
    const isQuarantined = now < quietUntil
    const free = Math.max(limit - reserved, share) - more - permits.length
    const granted = isQuarantined ? 0 : Math.max(0, Math.min(wanted, free))
    const first = permits[0]
    const waitMs = isQuarantined ? quietUntil - now : first === undefined ? 100 : first - now
    for (let permit = 0; permit < granted; permit += 1) permits.push(now + lifetimeMs)
    permits.sort((one, another) => one - another)
    return { granted, waitMs, replicas: replicas.size, now, isQuarantined }
  }

  return {
    link({ replyMs = 0, isReachable = true } = {}) {
      links += 1
      const name = `replica ${links}`
      const ask = async (request: PermitRequest): Promise<PermitReply> => {
        await running.promise
        const reply = grant(name, request)
        await wait(link.replyMs)
        return reply
      }
      const link: SimulatedLink = {
        replyMs,
        isReachable,
        acquireShared: (request) =>
          link.isReachable ? Promise.race([ask(request), giveUp()]) : Promise.reject(new Error('away')),
        leave: () => void replicas.delete(name),
      }
      return link
    },
    suspend: () => void (running = Promise.withResolvers()),
    resume: () => running.resolve(),
    flush() {
      permits = []
      replicas = new Map()
      quietUntil = undefined
    },
  }
}
