/** Who sent a request: the credentials in its headers, and what they prove. */
import { scopes } from '../../domain/caller.ts'
import { addressBucket } from './address-bucket.ts'
import type { ApiKey } from './api-key.ts'
import { findApiKey } from './api-key.ts'
import type { Authentication, AuthenticationFailure } from './authentication.ts'
import { unauthenticated } from './authentication.ts'
import type { JwtOptions } from './jwt.ts'

export type { Authentication, AuthenticationFailure } from './authentication.ts'

/**
 * @param address the peer's IP address, as its socket tells it
 * @returns the caller, or why there is none; it does not throw
 */
export type Authenticate = (
  headers: Pick<Headers, 'get'>,
  address: string | undefined,
) => Promise<Authentication>

/** Both null: nobody is asked. */
export interface AuthenticateOptions {
  /** The keys that are good now; null: keys are no credentials. */
  readonly apiKeys: (() => readonly ApiKey[]) | null
  /** Null: tokens are no credentials. */
  readonly jwt: JwtOptions | null
}

/** Of whoever is not asked. */
const allScopes = new Set(scopes)
/** Characters, which are bytes in a header: no token that says a few things is longer. */
const longestCredential = 8192
/** In compact form. The third part of an unsigned token is empty: it must be refused as a token. */
const jwtForm = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Takes an API key in `x-api-key`, and an API key or a JWT in `authorization: Bearer …`. */
export function createAuthenticate({ apiKeys, jwt }: AuthenticateOptions): Authenticate {
  // Loaded only where it is asked for: it takes its time.
  const jwtCheck = jwt && import('./jwt.ts').then(({ createJwtCheck }) => createJwtCheck(jwt))

  function checkApiKey(presented: string): Authentication {
    const key = apiKeys && findApiKey(apiKeys(), presented)
    if (!key) return unauthenticated('unknown API key')
    const name = `key:${key.name}`
    return { caller: { name, bucket: name, scopes: key.scopes } }
  }

  return async (headers, address) => {
    if (!apiKeys && !jwtCheck) {
      return { caller: { name: 'anyone', bucket: addressBucket(address), scopes: allScopes } }
    }
    const apiKey = apiKeys && headers.get('x-api-key')
    const authorization = headers.get('authorization')
    if (Math.max(apiKey?.length ?? 0, authorization?.length ?? 0) > longestCredential) {
      return unauthenticated(`credentials of over ${longestCredential} bytes`)
    }
    if (apiKey) return checkApiKey(apiKey)
    const bearer = bearerOf(authorization)
    if (typeof bearer !== 'string') return bearer
    if (!jwtCheck || (apiKeys && !jwtForm.test(bearer))) return checkApiKey(bearer)
    const checkJwt = await jwtCheck
    return checkJwt(bearer)
  }
}

/** The scheme's name is case-insensitive (RFC 9110, 11.1). */
function bearerOf(authorization: string | null): string | AuthenticationFailure {
  if (!authorization) return unauthenticated('no credentials')
  return (
    /^Bearer +(\S+)$/i.exec(authorization)?.[1] ??
    unauthenticated('an authorization header that is no Bearer')
  )
}
