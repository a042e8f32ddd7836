/** Who is calling, in the words that all rooms share. */
import type { Moment } from './moment.ts'
import type { CallObserver } from './call-observer.ts'

export const scopes = ['contacts:read', 'contacts:write', 'metrics:read'] as const
/** What a caller may do: reads are queries, writes are mutations; metrics tell of all callers. */
export type Scope = (typeof scopes)[number]

export interface Caller {
  /** For logs, and as the owner of idempotency keys: `key:<name>`, `jwt:<subject>`, or `anyone`. */
  readonly name: string
  /** What shares one rate limit: the name, or the address where callers have none. */
  readonly bucket: string
  readonly scopes: ReadonlySet<Scope>
}

/** The request on whose behalf Callbell is called. */
export interface Origin {
  readonly caller: Caller
  /** Names the request in the log. */
  readonly requestId: string
  /** When the call began. Nothing is written to Callbell after the clocks of the machine have disagreed since. */
  readonly startedAt: Moment
  /** Is called on each request to Callbell, retries and lookups included. */
  readonly observer: CallObserver
  /** What the whole request may still take. */
  readonly allowance: RequestAllowance
}

/** What one request may take, whatever it planned: a list may have more pages than were expected. */
export interface RequestAllowance {
  /** To be called before a read; not before a retry of it. @throws where no further read may be made */
  takeRead(): void
  /** Counts an answer of Callbell, which is kept until the request is answered. @param bytes about */
  hold(bytes: number): void
}
