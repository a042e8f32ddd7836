/** Sends one request with a permit of the rate limiter, unless the circuit breaker is open, and observes its result. */
import type { CallContext } from '../domain/call-context.ts'
import type { Moment } from '../domain/moment.ts'
import { clocksAgree, momentNow } from '../domain/moment.ts'
import type { Logger } from '../domain/logger.ts'
import type { BreakerState, Observation, BreakerPermit } from './breaker.ts'
import { BreakerOpen, createBreaker } from './breaker.ts'
import { CallbellClock } from './callbell-clock.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Answer } from './response-handler.ts'
import type { TransportOptions, TransportRequest } from './transport.ts'
import { createTransport } from './transport.ts'
import type { Permit } from '../rate-limit/permit.ts'
import type { RateLimiterOptions, RateLimiterState } from '../rate-limit/rate-limiter.ts'
import { createRateLimiter } from '../rate-limit/rate-limiter.ts'
import { hasOwnError } from './to-callbell-error.ts'
import type { Target } from './url-templates.ts'

/** A request, and the URL template that metrics and spans name it by. */
export interface CallbellRequest extends Target, Pick<TransportRequest, 'method' | 'body'> {}

/** The deadlines of one attempt, on the clock of `performance.now()`. */
export interface Deadlines {
  /** When the attempt must have its permit. */
  readonly queueBy: number
  /** When the attempt must have its answer. */
  readonly respondBy: number
}

/** One attempt to send a request. */
export interface Attempt extends Deadlines {
  readonly context: CallContext
  /**
   * Whether time is reserved for a request after this attempt. The attempt then gets half of the time that is left
   * when it is sent, unless the next request could not get its permit in time.
   */
  readonly reservesTime?: boolean
}

export type DispatcherOptions = Omit<TransportOptions, 'connections'> &
  Pick<RateLimiterOptions, 'maxRps' | 'acquireShared' | 'startAt'> & {
    readonly log: Logger
  }

/** The state of the limiter, the breaker and the token, for health checks and metrics. */
export interface UpstreamState extends RateLimiterState, BreakerState {
  /** Whether Callbell refused the token within the last minute, and has accepted nothing since. */
  readonly isTokenRejected: boolean
}

export interface Dispatcher {
  /**
   * Sends a request once.
   *
   * @returns the whole answer, whatever its status
   * @throws CallbellError
   */
  readonly call: (request: CallbellRequest, attempt: Attempt) => Promise<Answer>
  /** Callbell's time at a moment, as far as its answers show it. */
  readonly timeAt: (moment: Moment) => number | null
  readonly state: () => UpstreamState
  readonly close: () => Promise<void>
}

/** One caller may use 256 of them: 300 requests a second of 0.8 s each use 240. */
const connections = 320
/** A gateway that is not ready gets no calls. After this time it is ready, so that a call can show whether the token is accepted. */
const rejectionCountsMs = 60_000

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { maxRps, acquireShared, startAt, log, wallClock } = options
  const transport = createTransport({ ...options, connections })
  const limiter = createRateLimiter({
    maxRps,
    maxInFlight: connections,
    connections: transport.connections,
    acquireShared,
    startAt,
  })
  const breaker = createBreaker(log, (error) => limiter.rejectWaiting(error))
  const clock = new CallbellClock()
  let rejectedAt = Number.NEGATIVE_INFINITY

  /** Adapts the rate and the state of the token to an answer. */
  function observe(answer: Answer): void {
    const { status } = answer
    if (status === 429) limiter.slowDown()
    else limiter.speedUp()
    // A firewall's 403 or another server's 404 proves nothing about the token.
    if (status >= 200 && status < 300) rejectedAt = Number.NEGATIVE_INFINITY
    else if (status >= 400 && status < 500 && hasOwnError(answer)) {
      rejectedAt = status === 401 || status === 403 ? performance.now() : Number.NEGATIVE_INFINITY
    }
  }

  return {
    async call(request, attempt) {
      const { method, path, body, urlTemplate } = request
      const { context, queueBy, respondBy } = attempt
      const observer = context.observer.attempt(method, urlTemplate)
      let breakerPermit: BreakerPermit | undefined
      let headers: TransportRequest['headers']
      let allowedMs = respondBy - performance.now()
      let observation: Observation = 'NOTHING'
      const mayStart = (): boolean =>
        performance.now() < respondBy &&
        (method === 'GET' || clocksAgree(context.startedAt, momentNow(wallClock)))
      try {
        const admitted = (breakerPermit = breaker.admit())
        const send = (permit: Permit): Promise<Answer> => {
          headers ??= observer.acquired()
          allowedMs = Math.max(0, Math.ceil(attemptTimeoutMs(attempt)))
          try {
            admitted.check()
          } catch (error) {
            permit.release()
            throw error
          }
          const { isUsable, release, connection } = permit
          const sent = (): void => {
            permit.sent()
            observer.sent()
          }
          const hooks = { mayStart, isUsable, sent, release }
          return transport.send({ method, path, body, headers }, allowedMs, hooks, connection)
        }
        let answer: Answer | undefined
        while (answer === undefined) {
          const acquired = limiter.acquire(queueBy, context.caller.bucket)
          // Most permits are available at once: a promise for each would cost as much as the breaker.
          const permit = acquired instanceof Promise ? await acquired : acquired
          try {
            answer = await send(permit)
          } catch (error) {
            // The permit came too late for its time slot: acquire the next one.
            if (!(error instanceof CallbellError) || error.code !== 'OVERLOADED') throw error
          }
        }
        observation = answer.status >= 500 ? 'DOWN' : 'UP'
        observer.answered(answer.status)
        context.allowance.hold(answer.text.length)
        if (isAuthoritative(answer))
          clock.observe(answer.headers['date'], answer.sentAt.monotonicMs, () => momentNow(wallClock))
        observe(answer)
        return answer
      } catch (error) {
        if (observation === 'NOTHING')
          observation = observationOf(error, allowedMs >= options.connectTimeoutMs / 4)
        observer.failed(resultOf(error))
        throw error
      } finally {
        breakerPermit?.end(observation)
      }
    },
    timeAt: (moment) => clock.timeAt(moment),
    state: () => ({
      ...limiter.state(),
      ...breaker.state(),
      isTokenRejected: performance.now() - rejectedAt < rejectionCountsMs,
    }),
    async close() {
      limiter.close()
      await transport.close()
    },
  }
}

/** Whether Callbell itself answered: the `Date` of a proxy's page is not Callbell's time. */
function isAuthoritative(answer: Answer): boolean {
  // From a cache: its `Date` belongs to an earlier answer.
  if (answer.headers['age'] !== undefined) return false
  return answer.status < 300 ? answer.text.startsWith('{') : hasOwnError(answer)
}

/** @returns milliseconds from now on that an attempt may take */
function attemptTimeoutMs({ queueBy, respondBy, reservesTime = false }: Attempt): number {
  const now = performance.now()
  const left = respondBy - now
  return reservesTime && now + left / 2 < queueBy ? left / 2 : left
}

/** @param hadTime whether the call had enough time for a missing answer to prove a failure of Callbell */
function observationOf(error: unknown, hadTime: boolean): Observation {
  if (!(error instanceof CallbellError) || error instanceof BreakerOpen) return 'NOTHING'
  if (error.code === 'CALLBELL_UNAVAILABLE') return 'DOWN'
  if (error.code === 'CALLBELL_TIMEOUT') return hadTime ? 'DOWN' : 'NOTHING'
  // A server answered, though not with a valid answer.
  return error.code === 'CALLBELL_INVALID_RESPONSE' ? 'UP' : 'NOTHING'
}

/** The failure's name for metrics. */
function resultOf(error: unknown): string {
  if (error instanceof BreakerOpen) return 'BREAKER_OPEN'
  return error instanceof CallbellError ? error.code : 'INTERNAL_SERVER_ERROR'
}
