/** The part of a tracing API that the gateway uses. */

export type Attributes = Readonly<Record<string, string | number>>

export interface Span {
  readonly traceId: string
  /** W3C headers that make a server's span a child of this one. */
  readonly headers: Readonly<Record<string, string>>
  /** @param startedAt on the clock of `performance.now()`. Default: now */
  child(name: string, kind: 'internal' | 'client', attributes: Attributes, startedAt?: number): Span
  set(attributes: Attributes): void
  /** @param error the code of a failure. Default: none */
  end(error?: string): void
}

/** The trace context of an incoming request. */
export interface TraceHeaders {
  readonly traceparent: string | null
  readonly tracestate: string | null
}

/**
 * Starts the span of an incoming request.
 *
 * @param startedAt on the clock of `performance.now()`
 */
export type StartTrace = (
  name: string,
  attributes: Attributes,
  headers: TraceHeaders,
  startedAt: number,
) => Span
