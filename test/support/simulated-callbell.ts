/**
 * Callbell and the network on a fake clock: when each request is accepted, after all delays. And
 * gateways that send as many requests as their limiter allows.
 */
import { onTestFinished } from 'vitest'
import { CallbellError } from '../../src/domain/callbell-error.ts'
import type { SharedLimiter } from '../../src/store/shared-limits.ts'
import type { UpstreamConnection, ConnectionPool } from '../../src/rate-limit/connection-pool.ts'
import type { RateLimiter } from '../../src/rate-limit/rate-limiter.ts'
import { createRateLimiter } from '../../src/rate-limit/rate-limiter.ts'

export interface SimulatedCallbellOptions {
  /** The time from the kernel's establishment of a connection until the process accepts it. */
  readonly acceptMs?: number
  /** The duration of a TLS handshake. */
  readonly handshakeMs?: number
  readonly isKeptAlive?: boolean
}

interface SimulatedConnection extends UpstreamConnection {
  isAccepted: boolean
  acceptedAt: number
}

export interface SimulatedCallbell {
  /** When each request was accepted, in milliseconds. */
  readonly arrivals: readonly number[]
  /** Requests that arrive before this time are accepted at it. */
  blockedUntil: number
  /** The number of next requests that are answered with 429. */
  rejections: number
  readonly openPool: () => ConnectionPool
  /** @returns the status of the answer */
  readonly receive: (connection: UpstreamConnection) => Promise<number>
}

const latencyMs = 5
const mostConnections = 320
const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

export function createSimulatedCallbell(options: SimulatedCallbellOptions = {}): SimulatedCallbell {
  const { acceptMs = 0, handshakeMs = 0, isKeptAlive = true } = options
  const arrivals: number[] = []
  const connections = new WeakMap<UpstreamConnection, SimulatedConnection>()
  let requests = 0

  function openPool(): ConnectionPool {
    const ready: SimulatedConnection[] = []
    let opening = 0
    let open = 0
    const pool: ConnectionPool = {
      onChange: () => undefined,
      get ready() {
        return ready.length
      },
      lackingFor: (waiting) =>
        Math.max(0, Math.min(waiting - ready.length - opening, mostConnections - open - opening)),
      async open() {
        opening += 1
        await wait(handshakeMs)
        opening -= 1
        open += 1
        const acceptedAt = Math.max(performance.now() + acceptMs, callbell.blockedUntil)
        const connection = { isAccepted: handshakeMs > 0, acceptedAt }
        connections.set(connection, connection)
        ready.push(connection)
      },
      take: () => ready.pop(),
      release(connection) {
        const known = connections.get(connection)
        if (known === undefined) return
        if (isKeptAlive || known.acceptedAt > performance.now()) ready.push(known)
        else open -= 1
      },
    }
    return pool
  }

  const callbell: SimulatedCallbell = {
    arrivals,
    blockedUntil: 0,
    rejections: 0,
    openPool,
    async receive(connection) {
      const known = connections.get(connection)
      requests += 1
      // The latency of the network varies a little.
      await wait(1 + ((requests * 7) % 3))
      const acceptedAt = Math.max(known?.acceptedAt ?? 0, callbell.blockedUntil)
      await wait(Math.max(0, acceptedAt - performance.now()))
      arrivals.push(performance.now())
      const isRejected = callbell.rejections > 0
      if (isRejected) callbell.rejections -= 1
      await wait(latencyMs)
      if (known) known.isAccepted = true
      return isRejected ? 429 : 200
    },
  }
  return callbell
}

export interface SimulatedGateway {
  readonly limiter: RateLimiter
  /** Ends it as a crash would: the requests that were sent arrive. */
  readonly kill: () => void
}

export interface SimulatedGatewayOptions {
  readonly maxRps: number
  readonly acquireShared?: SharedLimiter['acquireShared']
  /** Milliseconds from now on in which another process may have used the limit. */
  readonly startsInMs?: number
}

/** Keeps 120 requests waiting or in flight until it is killed. */
export function startSimulatedGateway(
  callbell: SimulatedCallbell,
  { startsInMs = 0, ...options }: SimulatedGatewayOptions,
): SimulatedGateway {
  const limiter = createRateLimiter({
    ...options,
    maxInFlight: mostConnections,
    connections: callbell.openPool(),
    startAt: performance.now() + startsInMs,
  })
  const ended = new AbortController()
  const kill = (): void => {
    ended.abort()
    limiter.rejectWaiting(new CallbellError('OVERLOADED', 'killed', { progress: 'unsent' }))
    limiter.close()
  }
  onTestFinished(kill)

  async function send(): Promise<void> {
    const permit = await limiter.acquire(performance.now() + 5000, 'a')
    if (ended.signal.aborted || !permit.isUsable()) return permit.release()
    permit.sent()
    const status = await callbell.receive(permit.connection)
    if (status === 429) limiter.slowDown()
    else limiter.speedUp()
    return permit.release()
  }

  const sendAll = async (): Promise<void> => {
    while (!ended.signal.aborted) await send().catch(() => wait(50))
  }
  for (let sender = 0; sender < 120; sender += 1) void sendAll()
  return { limiter, kill }
}

/** The most arrivals within any second. */
export function worstSecond(arrivals: readonly number[]): number {
  let worst = 0
  let first = 0
  for (const [index, end] of arrivals.entries()) {
    while ((arrivals[first] ?? 0) <= end - 1000) first += 1
    worst = Math.max(worst, index - first + 1)
  }
  return worst
}
