/** One call to Callbell: in its turn, unless Callbell is known to be down, and watched for what that tells. */
import type { Origin } from '../caller.ts'
import { createBreaker } from './breaker.ts'
import type { Answer, ExchangeOptions, Request } from './exchange.ts'
import { createExchange } from './exchange.ts'
import type { PaceOptions } from './pace.ts'
import { createPace } from './pace.ts'

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

export type CallOptions = Omit<ExchangeOptions, 'connections'> & Pick<PaceOptions, 'maxRps' | 'takeTurns'>

export interface CallbellCalls {
  /**
   * Sends a request once.
   *
   * @returns the whole answer, whatever its status
   * @throws CallbellError
   */
  readonly call: (request: Request, times: Times) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** 300 requests a second at 0.8 s each keep 240 connections busy. */
const connections = 256

export function createCall(options: CallOptions): CallbellCalls {
  const { maxRps, takeTurns } = options
  const exchange = createExchange({ ...options, connections })
  const pace = createPace({ maxRps, maxInFlight: connections, takeTurns })
  const breaker = createBreaker()

  return {
    async call(request, { origin, enterBy, answerBy, onSent }) {
      breaker.check()
      const pass = await pace.enter(enterBy, origin.caller.bucket)
      const allowedMs = Math.max(0, Math.ceil(answerBy - performance.now()))
      const run = (): Promise<Answer> =>
        exchange.send(request, AbortSignal.timeout(allowedMs), {
          sent() {
            pass.sent()
            origin.countCall()
            onSent?.()
          },
          done: pass.done,
        })
      // What had little time to be answered tells nothing of Callbell when it is not.
      const isTelling = allowedMs >= options.connectTimeoutMs / 2
      const answer = await (isTelling ? breaker.watch(run, pass.done) : run())
      if (answer.status === 429) pace.slowDown()
      else pace.speedUp()
      return answer
    },
    close: () => exchange.close(),
  }
}
