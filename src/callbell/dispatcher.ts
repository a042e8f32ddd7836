/** One call to Callbell: with a permit, unless Callbell is known to be down, and watched for what that shows. */
import type { CallContext } from '../domain/call-context.ts'
import type { Moment } from '../domain/moment.ts'
import { clocksAgree, momentNow } from '../domain/moment.ts'
import type { Logger } from '../domain/logger.ts'
import type { BreakerState, Observation, BreakerPermit } from './breaker.ts'
import { BreakerOpen, createBreaker } from './breaker.ts'
import { CallbellClock } from './callbell-clock.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Answer } from './response-handler.ts'
import type { TransportOptions, Request as ExchangedRequest } from './transport.ts'
import { createTransport } from './transport.ts'
import type { RateLimiterOptions, RateLimiterState, Permit } from '../rate-limit/rate-limiter.ts'
import { createRateLimiter } from '../rate-limit/rate-limiter.ts'
import { hasOwnError } from './to-callbell-error.ts'
import type { Target } from './url-templates.ts'

/** A request, and the route that metrics and spans name it by. */
export interface Request extends Target, Pick<ExchangedRequest, 'method' | 'body'> {}

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
   * Whether an attempt that fails is followed by another. It then takes half of the time that is left when
   * it leaves, unless the other one would not have its turn in time.
   */
  readonly isRetried?: boolean
}

export type DispatcherOptions = Omit<TransportOptions, 'connections'> &
  Pick<RateLimiterOptions, 'maxRps' | 'acquireShared' | 'startAt'> & {
    readonly log: Logger
  }

/** How things stand with Callbell, for whoever watches the process. */
export interface UpstreamState extends RateLimiterState, BreakerState {
  /** Whether it said within the last minute that it does not accept the token, and nothing else since. */
  readonly isTokenRejected: boolean
}

export interface Dispatcher {
  /**
   * Sends a request once.
   *
   * @returns the whole answer, whatever its status
   * @throws CallbellError
   */
  readonly call: (request: Request, attempt: Attempt) => Promise<Answer>
  /** Callbell's time at a moment, as far as its answers show it. */
  readonly timeAt: (moment: Moment) => number | null
  readonly state: () => UpstreamState
  readonly close: () => Promise<void>
}

/** One caller may use 256 of them: 300 requests a second at 0.8 s each keep 240 busy. */
const connections = 320
/** Nobody calls a gateway that is not ready: the next call is to find out whether the token is accepted again. */
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

  /** What an answer shows to those that come after it. */
  function observe(answer: Answer): void {
    const { status } = answer
    if (status === 429) limiter.slowDown()
    else limiter.speedUp()
    // A firewall's 403 says nothing of the token, nor does a 404 of something else than Callbell.
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
      let headers: ExchangedRequest['headers']
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
          const watcher = { mayStart, isUsable, sent, release }
          return transport.send({ method, path, body, headers }, allowedMs, watcher, connection)
        }
        let answer: Answer | undefined
        while (answer === undefined) {
          const acquired = limiter.acquire(queueBy, context.caller.bucket)
          // Most permits are there at once: a promise for each costs as much as the breaker.
          const permit = acquired instanceof Promise ? await acquired : acquired
          try {
            answer = await send(permit)
          } catch (error) {
            // The permit came too late to be used: the next one is taken.
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

/** Whether Callbell itself answered: the `Date` of a proxy's page is not Callbell's. */
function isAuthoritative(answer: Answer): boolean {
  // From a cache: its `Date` is of an earlier answer.
  if (answer.headers['age'] !== undefined) return false
  return answer.status < 300 ? answer.text.startsWith('{') : hasOwnError(answer)
}

/** @returns milliseconds from now on that an attempt may take */
function attemptTimeoutMs({ queueBy, respondBy, isRetried = false }: Attempt): number {
  const now = performance.now()
  const left = respondBy - now
  return isRetried && now + left / 2 < queueBy ? left / 2 : left
}

/** @param hadTime whether the call had enough time for a missing answer to show something */
function observationOf(error: unknown, hadTime: boolean): Observation {
  if (!(error instanceof CallbellError) || error instanceof BreakerOpen) return 'NOTHING'
  if (error.code === 'CALLBELL_UNAVAILABLE') return 'DOWN'
  if (error.code === 'CALLBELL_TIMEOUT') return hadTime ? 'DOWN' : 'NOTHING'
  // Something answered, if not as it should.
  return error.code === 'CALLBELL_INVALID_RESPONSE' ? 'UP' : 'NOTHING'
}

/** What went wrong, for whoever counts. */
function resultOf(error: unknown): string {
  if (error instanceof BreakerOpen) return 'BREAKER_OPEN'
  return error instanceof CallbellError ? error.code : 'INTERNAL_SERVER_ERROR'
}
