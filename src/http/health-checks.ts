/** What `/readyz` looks at: the process itself, its store, and what Callbell's answers have told. */
import type { UpstreamState } from '../callbell/client.ts'
import type { Store } from '../store/store.ts'
import type { Check } from './health.ts'

export interface HealthSources {
  /** Whether the process has been told to end. */
  readonly isDraining: () => boolean
  /** Milliseconds by which the event loop is late. */
  readonly eventLoopDelayMs: () => number
  readonly isStoreAvailable: () => Promise<boolean>
  readonly upstreamState: () => Pick<UpstreamState, 'breaker' | 'isTokenRejected'>
}

/** A process this late answers nobody in time: others can do better. */
const saturatedFromMs = 150
/** Anyone may ask, and the store is not to be kept busy by it. */
const storeKnownForMs = 1000

export function createHealthChecks(sources: HealthSources): readonly Check[] {
  const { isDraining, eventLoopDelayMs, isStoreAvailable, upstreamState } = sources
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
      findProblem: async () =>
        (await isStoreAvailable())
          ? undefined
          : 'can’t be written to; calls with a new idempotency key are refused',
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

/** @returns a function that asks the store, once for all who ask at about the same time */
export function createStoreCheck(store: Pick<Store, 'ping'>): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer = Promise.resolve(true)
  return () => {
    const now = performance.now()
    if (now - askedAt >= storeKnownForMs) {
      askedAt = now
      answer = store.ping().then(
        () => true,
        () => false,
      )
    }
    return answer
  }
}
