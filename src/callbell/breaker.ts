/** Stops asking a Callbell that is down, and finds out with one request when it is back. */
import { BrokenCircuitError, CircuitState, circuitBreaker, ConsecutiveBreaker, handleWhen } from 'cockatiel'
import type { Logger } from '../telemetry/log.ts'
import { CallbellError } from './errors.ts'
import type { Answer } from './exchange.ts'
import { isObject } from './json.ts'

/** Thrown in place of sending anything. */
export class BreakerOpen extends CallbellError {}

export interface BreakerState {
  /** Half-open: one request is finding out whether Callbell is back, or may do so. */
  readonly breaker: 'closed' | 'half_open' | 'open'
  /** How often it has opened since Callbell was there. */
  readonly breakerOpenings: number
}

export interface Breaker {
  /** @throws CallbellError `CALLBELL_UNAVAILABLE`, with nothing sent, while it is open */
  readonly check: () => void
  /**
   * Runs an exchange and takes note of how it ends.
   *
   * @param onRefused called when it is not run at all
   * @throws as `check` does, and what the exchange throws
   */
  watch(exchange: () => Promise<Answer>, onRefused: () => void): Promise<Answer>
  readonly state: () => BreakerState
}

/** So many failures one after the other open it … */
const failuresToOpen = 10
/** … for so long, until one request may try. */
const openMs = 2000

/** Whether Callbell was not there: what it refuses (4xx, 429 among them) it is there to refuse. */
const isDown = handleWhen(
  (error) =>
    error instanceof CallbellError &&
    (error.code === 'CALLBELL_UNAVAILABLE' || error.code === 'CALLBELL_TIMEOUT'),
).orWhenResult((answer) => isObject(answer) && Number(answer['status']) >= 500)

/** @param log told when it opens, and when Callbell is back */
export function createBreaker(log: Logger): Breaker {
  const policy = circuitBreaker(isDown, {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failuresToOpen),
  })
  let openUntil = 0
  let openings = 0
  let isKnown = false
  policy.onBreak(() => {
    openUntil = Date.now() + openMs
    // It opens again each time that the one request which tries finds Callbell still down: nothing new.
    if (isKnown) return
    isKnown = true
    openings += 1
    log.warn({ failures: failuresToOpen }, 'Callbell is down: it is left alone for a while')
  })
  policy.onReset(() => {
    isKnown = false
    log.info('Callbell is back')
  })

  function stateNow(): BreakerState['breaker'] {
    if (policy.state === CircuitState.Closed) return 'closed'
    return policy.state === CircuitState.Open && Date.now() < openUntil ? 'open' : 'half_open'
  }

  function refuse(cause?: unknown): never {
    throw new BreakerOpen('CALLBELL_UNAVAILABLE', 'the breaker is open', {
      progress: 'unsent',
      // While one request tries, there is no telling how long it takes: as long as it was open.
      retryAfterMs: openUntil > Date.now() ? openUntil - Date.now() : openMs,
      cause,
    })
  }

  return {
    check() {
      // While one request tries, the policy would let the others wait for it, whatever their deadlines.
      if (policy.state === CircuitState.HalfOpen) refuse()
      if (policy.state === CircuitState.Open && Date.now() < openUntil) refuse()
    },
    async watch(exchange, onRefused) {
      try {
        if (policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
        return await policy.execute(exchange)
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error
        onRefused()
        return refuse(error)
      }
    },
    state: () => ({ breaker: stateNow(), breakerOpenings: openings }),
  }
}
