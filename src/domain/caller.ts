/** Who calls the gateway, and what one request may take. */

export const scopes = ['contacts:read', 'contacts:write', 'metrics:read'] as const
/** What a caller may do: reads are queries, writes are mutations; metrics are of all callers. */
export type Scope = (typeof scopes)[number]

export interface Caller {
  /** For logs, and as the owner of idempotency keys: `key:<name>`, `jwt:<subject>`, or `anyone`. */
  readonly name: string
  /** Callers with the same bucket share one rate limit: the name, or the address of callers without one. */
  readonly bucket: string
  readonly scopes: ReadonlySet<Scope>
}

/** What one request may take, whatever its planned cost: a list may have more pages than expected. */
export interface RequestAllowance {
  /** Called before a read, not before its retries. @throws if no further read is allowed */
  takeRead(): void
  /** Counts an answer of Callbell, which stays in memory until the request is answered. @param bytes approximate */
  hold(bytes: number): void
}
