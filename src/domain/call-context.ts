/** The call of one field: on whose behalf and within which bounds the gateway calls Callbell. */
import type { Caller, RequestAllowance } from './caller.ts'
import type { CallObserver } from './call-observer.ts'
import type { Moment } from './moment.ts'

/** What a call starts with. */
export interface CallInit {
  readonly caller: Caller
  /** Identifies the request in the log. */
  readonly requestId: string
  /**
   * When the call started. Nothing is written to Callbell once the clocks of the machine have disagreed
   * since then.
   */
  readonly startedAt: Moment
  /** Observes each request to Callbell, retries and lookups included. */
  readonly observer: CallObserver
  /** Limits what the whole request may take. */
  readonly allowance: RequestAllowance
}

/** A call in flight. */
export interface CallContext extends CallInit {
  /** When the caller must have the answer, on the clock of `performance.now()`. */
  readonly deadline: number
  /** Milliseconds from the start of the call to its deadline: for queue, attempts and lookups together. */
  readonly timeoutMs: number
  /** Pays for retries and lookups. */
  readonly budget: RetryBudget
}

/** Bounds the retries and lookups of one caller. */
export interface RetryBudget {
  /** Adds to the budget. Called once for each call, however many attempts it takes. */
  earn(): void
  /** Takes a token. @returns false if there is none */
  spend(): boolean
  /** Returns a token that paid for a request which was never sent. */
  refund(): void
  /** @returns the tokens that are left, of 100 */
  tokens(): number
}
