/** A stretch of time in a trace, in the few words that this gateway needs. */

export type Attributes = Readonly<Record<string, string | number>>

export interface Span {
  readonly traceId: string
  /** W3C headers by which a server goes on with this trace below this span. */
  readonly headers: Readonly<Record<string, string>>
  /** @param startedAt on the clock of `performance.now()`. Default: now */
  child(name: string, kind: 'internal' | 'client', attributes: Attributes, startedAt?: number): Span
  set(attributes: Attributes): void
  /** @param error a code of what went wrong; left out: nothing did */
  end(error?: string): void
}

/** What a caller sent to go on with a trace of its own. */
export interface TraceHeaders {
  readonly traceparent: string | null
  readonly tracestate: string | null
}

/**
 * Starts the span of a request that came in.
 *
 * @param startedAt on the clock of `performance.now()`
 */
export type StartTrace = (
  name: string,
  attributes: Attributes,
  headers: TraceHeaders,
  startedAt: number,
) => Span
