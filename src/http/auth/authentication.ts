/** The result of authenticating a request. */
import type { Caller } from '../../domain/caller.ts'

export interface AuthenticationFailure {
  /** `AUTHENTICATION_UNAVAILABLE`: the credentials could not be checked, which is not the caller's fault. */
  readonly failure: 'UNAUTHENTICATED' | 'AUTHENTICATION_UNAVAILABLE'
  /** Which check failed, for the log only: it would help an attacker. It quotes no credential. */
  readonly reason: string
}

export type Authentication = { readonly caller: Caller } | AuthenticationFailure

export function unauthenticated(reason: string): AuthenticationFailure {
  return { failure: 'UNAUTHENTICATED', reason }
}
