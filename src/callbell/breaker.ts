/** A circuit breaker: it stops requests to Callbell after repeated failures, and probes with one request until it recovers. */
import type { Logger } from '../domain/logger.ts'
import { CallbellError } from '../domain/callbell-error.ts'

/** Thrown instead of sending a request. */
export class BreakerOpen extends CallbellError {}

export interface BreakerState {
  /** Half-open: one request probes Callbell, or the next one will. */
  readonly breaker: 'closed' | 'half_open' | 'open'
  /** How often the circuit has opened. A failed probe does not count. */
  readonly breakerOpenings: number
}

/**
 * What a call shows about Callbell:
 * - `UP`: it answered, possibly with a refusal
 * - `DOWN`: a failure
 * - `NOTHING`: the call was not sent, or had too little time for an answer
 */
export type Observation = 'UP' | 'DOWN' | 'NOTHING'

/** The permission for one call. */
export interface BreakerPermit {
  /**
   * Call it right before the call is sent: the circuit may have opened while the call waited.
   *
   * @throws BreakerOpen as `admit` does. `end` must still be called
   */
  check(): void
  /** Call it once, whether the call succeeds or fails. */
  end(observation: Observation): void
}

export interface Breaker {
  /**
   * While the circuit is not closed, it admits one call at a time as a probe, the first after 2 seconds.
   *
   * @throws BreakerOpen `CALLBELL_UNAVAILABLE`. Nothing was sent
   */
  admit(): BreakerPermit
  readonly state: () => BreakerState
}

/** Consecutive failures that open the circuit. */
const failuresToOpen = 10
/** Milliseconds from opening to the first probe. */
const openMs = 2000

/**
 * Creates a closed breaker. It measures time on the monotonic clock.
 *
 * @param log logs state changes
 * @param onOpen called when the circuit has opened, with the error for all waiting calls
 */
export function createBreaker(log: Logger, onOpen: (error: BreakerOpen) => void = () => undefined): Breaker {
  let failures = 0
  let openings = 0
  /** When the circuit becomes half-open, on the clock of `performance.now()`; undefined: it is closed. */
  let openUntil: number | undefined
  /** The call that probes. */
  let probe: BreakerPermit | undefined
  /** Counts state changes. A call that was sent before the last one says nothing about the new state. */
  let generation = 0

  function open(now: number): void {
    generation += 1
    // A failed probe opens it again. That is not a new incident, so it is not logged or counted.
    if (openUntil === undefined) {
      openings += 1
      log.warn(
        { failures: failuresToOpen },
        'Callbell fails: the circuit is open, and requests to it fail at once',
      )
    }
    openUntil = now + openMs
    onOpen(openError(now))
  }

  function close(): void {
    generation += 1
    openUntil = undefined
    log.info('Callbell answers again: the circuit is closed')
  }

  function openError(now: number): BreakerOpen {
    return new BreakerOpen('CALLBELL_UNAVAILABLE', 'the circuit is open', {
      progress: 'unsent',
      // The duration of a probe is unknown. The time for which the circuit was open is an estimate.
      retryAfterMs: openUntil !== undefined && openUntil > now ? Math.ceil(openUntil - now) : openMs,
    })
  }

  function stateNow(): BreakerState['breaker'] {
    if (openUntil === undefined) return 'closed'
    return performance.now() < openUntil ? 'open' : 'half_open'
  }

  return {
    admit() {
      let startedIn = generation
      const permit: BreakerPermit = {
        check() {
          if (openUntil === undefined || probe === permit) {
            startedIn = generation
            return
          }
          const now = performance.now()
          if (now < openUntil || probe !== undefined) throw openError(now)
          probe = permit
          startedIn = generation
        },
        end(observation) {
          const isProbe = probe === permit
          if (isProbe) probe = undefined
          if (observation === 'NOTHING' || startedIn !== generation) return
          if (isProbe) {
            failures = 0
            if (observation === 'UP') close()
            else open(performance.now())
          } else {
            failures = observation === 'UP' ? 0 : failures + 1
            if (failures < failuresToOpen) return
            failures = 0
            open(performance.now())
          }
        },
      }
      permit.check()
      return permit
    },
    state: () => ({ breaker: stateNow(), breakerOpenings: openings }),
  }
}
