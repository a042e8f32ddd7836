/** The checks of `/readyz`: the process itself, its store, and Callbell as its answers show it. */
import type { UpstreamState } from '../callbell/client.ts'
import type { StoreHealth } from '../store/store.ts'
import type { HealthCheck } from './health.ts'

export interface HealthSources {
  /** Whether the process is shutting down. */
  readonly isDraining: () => boolean
  /** Milliseconds by which the event loop is late. */
  readonly eventLoopDelayMs: () => number
  readonly checkStore: () => Promise<StoreState>
  readonly upstreamState: () => Pick<UpstreamState, 'breaker' | 'isTokenRejected'>
}

/** Both strings are public. */
export interface StoreState {
  /** Why calls with a new idempotency key are refused; null: they are not. */
  readonly problem: string | null
  /** A risk that causes no failure now; null: there is none. */
  readonly warning: string | null
}

/** A process that is this late answers no request in time. Other replicas should get them. */
const saturatedFromMs = 150
/** Everyone can call `/readyz`. Caching keeps that load off the store. */
const storeCachedMs = 1000
/** Reading the histogram takes a third of a millisecond. It has a new value every 20 ms. */
const delayCachedMs = 20

export function createHealthChecks(sources: HealthSources): readonly HealthCheck[] {
  const { isDraining, checkStore, upstreamState } = sources
  const eventLoopDelayMs = cacheFor(delayCachedMs, sources.eventLoopDelayMs)
  return [
    {
      name: 'draining',
      findProblem: () => (isDraining() ? 'the process is shutting down' : undefined),
    },
    {
      name: 'event-loop',
      findProblem() {
        const delayMs = Math.round(eventLoopDelayMs())
        return delayMs >= saturatedFromMs
          ? `the event loop is ${delayMs} ms late; the limit is ${saturatedFromMs} ms`
          : undefined
      },
    },
    {
      name: 'store',
      async findProblem() {
        const { problem } = await checkStore()
        return problem === null ? undefined : `${problem}; calls with a new idempotency key are refused`
      },
      // All replicas have the same warning, and all still work.
      findWarning: async () => (await checkStore()).warning ?? undefined,
    },
    {
      name: 'breaker',
      findProblem: () =>
        upstreamState().breaker === 'open'
          ? 'Callbell fails, and the circuit is open for 2 seconds'
          : undefined,
    },
    {
      name: 'token',
      findProblem: () =>
        upstreamState().isTokenRejected ? 'Callbell rejected the gateway’s API token' : undefined,
    },
  ]
}

/** @returns a function that pings the store at most once a second, however many callers ask */
export function createStoreCheck(store: Pick<StoreHealth, 'ping'>): () => Promise<StoreState> {
  return cacheFor(storeCachedMs, async () => {
    try {
      return { problem: null, warning: await store.ping() }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : 'the store does not work', warning: null }
    }
  })
}

/** @returns a function that caches the value of `read` for a number of milliseconds */
function cacheFor<Value>(milliseconds: number, read: () => Value): () => Value {
  let last: { readonly value: Value; readonly readAt: number } | undefined
  return () => {
    const now = performance.now()
    if (last === undefined || now - last.readAt >= milliseconds) last = { value: read(), readAt: now }
    return last.value
  }
}
