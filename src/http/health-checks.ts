/** What `/readyz` looks at: the process itself, its store, and what Callbell's answers have told. */
import type { UpstreamState } from '../callbell/client.ts'
import type { StoreHealth } from '../store/store.ts'
import type { Check } from './health.ts'

export interface HealthSources {
  /** Whether the process has been told to end. */
  readonly isDraining: () => boolean
  /** Milliseconds by which the event loop is late. */
  readonly eventLoopDelayMs: () => number
  readonly checkStore: () => Promise<StoreState>
  readonly upstreamState: () => Pick<UpstreamState, 'breaker' | 'isTokenRejected'>
}

/** Both are for everyone who asks. */
export interface StoreState {
  /** Why calls with a new idempotency key are refused. */
  readonly problem: string | null
  /** What may go wrong, though nothing does now. */
  readonly warning: string | null
}

/** A process this late answers nobody in time: others can do better. */
const saturatedFromMs = 150
/** Anyone may ask, and the store is not to be kept busy by it. */
const storeKnownForMs = 1000
/** Reading the histogram of delays takes a third of a millisecond. It has a new value every 20 ms. */
const delayKnownForMs = 20

export function createHealthChecks(sources: HealthSources): readonly Check[] {
  const { isDraining, checkStore, upstreamState } = sources
  const eventLoopDelayMs = keepFor(delayKnownForMs, sources.eventLoopDelayMs)
  return [
    {
      name: 'draining',
      findProblem: () => (isDraining() ? 'the process is about to end' : undefined),
    },
    {
      name: 'event-loop',
      findProblem() {
        const delayMs = Math.round(eventLoopDelayMs())
        return delayMs >= saturatedFromMs ? `the process is ${delayMs} ms behind` : undefined
      },
    },
    {
      name: 'store',
      async findProblem() {
        const { problem } = await checkStore()
        return problem === null ? undefined : `${problem}; calls with a new idempotency key are refused`
      },
      // All replicas have it, and none of them is the worse for it yet.
      findWarning: async () => (await checkStore()).warning ?? undefined,
    },
    {
      name: 'breaker',
      findProblem: () =>
        upstreamState().breaker === 'open' ? 'Callbell is down, and is left alone for a moment' : undefined,
    },
    {
      name: 'token',
      findProblem: () => (upstreamState().isTokenRejected ? 'Callbell does not accept it' : undefined),
    },
  ]
}

/** @returns a function that pings the store at most once a second, however many callers ask */
export function createStoreCheck(store: StoreHealth): () => Promise<StoreState> {
  return keepFor(storeKnownForMs, async () => {
    try {
      return { problem: null, warning: await store.ping() }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : 'the store fails', warning: null }
    }
  })
}

/** @returns a function that gives the last value of `read` again until it is that many milliseconds old */
function keepFor<Value>(milliseconds: number, read: () => Value): () => Value {
  let last: { readonly value: Value; readonly readAt: number } | undefined
  return () => {
    const now = performance.now()
    if (last === undefined || now - last.readAt >= milliseconds) last = { value: read(), readAt: now }
    return last.value
  }
}
