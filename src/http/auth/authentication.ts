/** What asking for credentials comes to. */
import type { Caller } from '../../domain/caller.ts'

export interface AuthenticationFailure {
  /** Unavailable: whether the credentials are good could not be found out, which is not the caller's fault. */
  readonly failure: 'UNAUTHENTICATED' | 'AUTHENTICATION_UNAVAILABLE'
  /** Which check failed, for the log only: it helps a guesser more than a caller. Quotes no credential. */
  readonly reason: string
}

export type Authentication = { readonly caller: Caller } | AuthenticationFailure

export function unauthenticated(reason: string): AuthenticationFailure {
  return { failure: 'UNAUTHENTICATED', reason }
}
