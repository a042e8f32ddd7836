/** One call to Callbell: in its turn, unless Callbell is known to be down, and watched for what that tells. */
import type { Origin } from '../caller.ts'
import type { Logger } from '../telemetry/log.ts'
import type { BreakerState } from './breaker.ts'
import { BreakerOpen, createBreaker } from './breaker.ts'
import { CallbellError } from './errors.ts'
import type { Answer, ExchangeOptions, Request as ExchangedRequest } from './exchange.ts'
import { createExchange } from './exchange.ts'
import type { PaceOptions, PaceState } from './pace.ts'
import { createPace } from './pace.ts'
import type { Target } from './routes.ts'

/** A request, and the route that metrics and spans name it by. */
export interface Request extends Target, Pick<ExchangedRequest, 'method' | 'body'> {}

/**
 * On whose behalf a request is made, when it must have had its turn, and when its answer, on the
 * clock of `performance.now()`.
 */
export interface Times {
  readonly origin: Origin
  readonly enterBy: number
  readonly answerBy: number
  /** Called when the request is about to leave, if it does. */
  readonly onSent?: () => void
}

export type CallOptions = Omit<ExchangeOptions, 'connections'> &
  Pick<PaceOptions, 'maxRps' | 'takeTurns'> & { readonly log: Logger }

/** How things stand with Callbell, for whoever watches the process. */
export interface UpstreamState extends PaceState, BreakerState {
  /** Whether its latest word on the token, within the last minute, was that it does not accept it. */
  readonly isTokenRejected: boolean
}

export interface CallbellCalls {
  /**
   * Sends a request once.
   *
   * @returns the whole answer, whatever its status
   * @throws CallbellError
   */
  readonly call: (request: Request, times: Times) => Promise<Answer>
  readonly state: () => UpstreamState
  readonly close: () => Promise<void>
}

/** One caller may use 256 of them: 300 requests a second at 0.8 s each keep 240 busy. */
const connections = 320
/** Nobody calls a gateway that is not ready: the next call is to find out whether the token is accepted again. */
const rejectionCountsMs = 60_000

export function createCall(options: CallOptions): CallbellCalls {
  const { maxRps, takeTurns, log } = options
  const exchange = createExchange({ ...options, connections })
  const pace = createPace({ maxRps, maxInFlight: connections, takeTurns })
  const breaker = createBreaker(log)
  let rejectedAt = Number.NEGATIVE_INFINITY

  /** What an answer tells about those that come after it. */
  function learn({ status }: Answer): void {
    if (status === 429) pace.slowDown()
    else pace.speedUp()
    if (status === 401 || status === 403) rejectedAt = performance.now()
    // A 408 may come before anything has read the token.
    else if (status < 500 && status !== 408) rejectedAt = Number.NEGATIVE_INFINITY
  }

  return {
    async call(request, { origin, enterBy, answerBy, onSent }) {
      const attempt = origin.watch.attempt(request.method, request.route)
      try {
        breaker.check()
        const pass = await pace.enter(enterBy, origin.caller.bucket)
        const allowedMs = Math.max(0, Math.ceil(answerBy - performance.now()))
        const { method, path, body } = request
        const traced = { method, path, body, headers: attempt.entered() }
        const run = (): Promise<Answer> =>
          exchange.send(traced, allowedMs, {
            sent() {
              pass.sent()
              attempt.sent()
              onSent?.()
            },
            done: pass.done,
          })
        // What had little time to be answered tells nothing of Callbell when it is not.
        const isTelling = allowedMs >= options.connectTimeoutMs / 2
        const answer = await (isTelling ? breaker.watch(run, pass.done) : run())
        attempt.answered(answer.status)
        origin.allowance.hold(answer.text.length)
        learn(answer)
        return answer
      } catch (error) {
        attempt.failed(resultOf(error))
        throw error
      }
    },
    state: () => ({
      ...pace.state(),
      ...breaker.state(),
      isTokenRejected: performance.now() - rejectedAt < rejectionCountsMs,
    }),
    async close() {
      pace.close()
      await exchange.close()
    },
  }
}

/** What went wrong, for whoever counts. */
function resultOf(error: unknown): string {
  if (error instanceof BreakerOpen) return 'BREAKER_OPEN'
  return error instanceof CallbellError ? error.code : 'INTERNAL_SERVER_ERROR'
}
