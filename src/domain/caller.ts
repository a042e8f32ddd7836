/** Who is calling, in the words that all rooms share. */

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

/** What one request may take, whatever it planned: a list may have more pages than were expected. */
export interface RequestAllowance {
  /** To be called before a read; not before a retry of it. @throws where no further read may be made */
  takeRead(): void
  /** Counts an answer of Callbell, which is kept until the request is answered. @param bytes about */
  hold(bytes: number): void
}
