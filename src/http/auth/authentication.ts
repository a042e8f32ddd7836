/** What asking for credentials comes to. */
import type { Caller } from '../../domain/caller.ts'

export interface Refused {
  /** Unavailable: whether the credentials are good could not be found out, which is not the caller's fault. */
  readonly refused: 'UNAUTHENTICATED' | 'AUTHENTICATION_UNAVAILABLE'
  /** Which check failed, for the log only: it helps a guesser more than a caller. Quotes no credential. */
  readonly reason: string
}

export type Authentication = { readonly caller: Caller } | Refused

export function unauthenticated(reason: string): Refused {
  return { refused: 'UNAUTHENTICATED', reason }
}
