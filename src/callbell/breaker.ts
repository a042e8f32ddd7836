/** A circuit breaker: stops calling a Callbell that is down, and finds out with one request when it is back. */
import type { Logger } from '../domain/logger.ts'
import { CallbellError } from '../domain/callbell-error.ts'

/** Thrown in place of sending anything. */
export class BreakerOpen extends CallbellError {}

export interface BreakerState {
  /** Half-open: one request is finding out whether Callbell is back, or may do so. */
  readonly breaker: 'closed' | 'half_open' | 'open'
  /** How often it has opened since Callbell was there. */
  readonly breakerOpenings: number
}

/**
 * What a call shows of Callbell:
 * - `UP`: it answered, if only to refuse
 * - `DOWN`: a failure
 * - `NOTHING`: the call did not reach it, or was not given the time to be answered
 */
export type Observation = 'UP' | 'DOWN' | 'NOTHING'

/** One call that the breaker lets pass. */
export interface BreakerPermit {
  /**
   * To be called when the call is about to be sent: it may have waited since.
   *
   * @throws BreakerOpen as `admit` does; `end` is to be called all the same
   */
  check(): void
  /** To be called once, whatever became of the call. */
  end(finding: Observation): void
}

export interface Breaker {
  /**
   * While Callbell is down, one call at a time is let pass, the first of them after `openMs`.
   *
   * @throws BreakerOpen `CALLBELL_UNAVAILABLE`, with nothing sent
   */
  admit(): BreakerPermit
  readonly state: () => BreakerState
}

/** Consecutive failures that open it … */
const failuresToOpen = 10
/** … for that many milliseconds, until one call may try. */
const openMs = 2000

/**
 * Its clock is monotonic.
 *
 * @param log logs state changes
 * @param onOpen called when it has opened, with what the calls that wait are to be refused with
 */
export function createBreaker(log: Logger, onOpen: (error: BreakerOpen) => void = () => undefined): Breaker {
  let failures = 0
  let openings = 0
  /** Until when it is open; undefined: it is closed. */
  let openUntil: number | undefined
  /** The one call that tries. */
  let probe: BreakerPermit | undefined
  /** Counts state changes: what began before one says nothing of what is after it. */
  let generation = 0

  function open(now: number): void {
    generation += 1
    // It opens again each time that the one request which tries finds Callbell still down: nothing new.
    if (openUntil === undefined) {
      openings += 1
      log.warn({ failures: failuresToOpen }, 'Callbell is down: the circuit is open')
    }
    openUntil = now + openMs
    onOpen(refusal(now))
  }

  function close(): void {
    generation += 1
    openUntil = undefined
    log.info('Callbell is back: the circuit is closed')
  }

  function refusal(now: number): BreakerOpen {
    return new BreakerOpen('CALLBELL_UNAVAILABLE', 'the breaker is open', {
      progress: 'unsent',
      // How long the one call that tries takes is unknown: as long as it was open, say.
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
      const passage: BreakerPermit = {
        check() {
          if (openUntil === undefined || probe === passage) {
            startedIn = generation
            return
          }
          const now = performance.now()
          if (now < openUntil || probe !== undefined) throw refusal(now)
          probe = passage
          startedIn = generation
        },
        end(finding) {
          const isProbe = probe === passage
          if (isProbe) probe = undefined
          if (finding === 'NOTHING' || startedIn !== generation) return
          if (isProbe) {
            failures = 0
            if (finding === 'UP') close()
            else open(performance.now())
          } else {
            failures = finding === 'UP' ? 0 : failures + 1
            if (failures < failuresToOpen) return
            failures = 0
            open(performance.now())
          }
        },
      }
      passage.check()
      return passage
    },
    state: () => ({ breaker: stateNow(), breakerOpenings: openings }),
  }
}
