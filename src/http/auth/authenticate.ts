/** Authenticates a request by the credentials in its headers. */
import { scopes } from '../../domain/caller.ts'
import { addressBucket } from './address-bucket.ts'
import type { ApiKey } from './api-key.ts'
import { findApiKey } from './api-key.ts'
import type { Authentication, AuthenticationFailure } from './authentication.ts'
import { unauthenticated } from './authentication.ts'
import type { JwtOptions } from './jwt.ts'

export type { Authentication } from './authentication.ts'

/**
 * @param address the peer's IP address; undefined if the socket is closed
 * @returns the caller, or why authentication failed. It does not reject
 */
export type Authenticate = (
  headers: Pick<Headers, 'get'>,
  address: string | undefined,
) => Promise<Authentication>

/** If both are null, callers need no credentials. */
export interface AuthenticateOptions {
  /** Returns the keys that are valid now; null: API keys are not accepted. */
  readonly apiKeys: (() => readonly ApiKey[]) | null
  /** Null: JWTs are not accepted. */
  readonly jwt: JwtOptions | null
}

/** The scopes of callers that need no credentials. */
const allScopes = new Set(scopes)
/** In bytes. A token with a few claims is shorter. */
const maxCredentialBytes = 8192
/** A JWT in compact form. The third part of an unsigned token is empty: it must be refused as a token. */
const jwtPattern = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Accepts an API key in `x-api-key`, and an API key or a JWT in `authorization: Bearer …`. */
export function createAuthenticate({ apiKeys, jwt }: AuthenticateOptions): Authenticate {
  // Loaded lazily, because loading it takes long.
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
    if (Math.max(apiKey?.length ?? 0, authorization?.length ?? 0) > maxCredentialBytes) {
      return unauthenticated(`the credentials have more than ${maxCredentialBytes} bytes`)
    }
    if (apiKey) return checkApiKey(apiKey)
    const bearer = bearerOf(authorization)
    if (typeof bearer !== 'string') return bearer
    if (!jwtCheck || (apiKeys && !jwtPattern.test(bearer))) return checkApiKey(bearer)
    const checkJwt = await jwtCheck
    return checkJwt(bearer)
  }
}

/** Reads the token. The scheme's name is case-insensitive (RFC 9110, 11.1). */
function bearerOf(authorization: string | null): string | AuthenticationFailure {
  if (!authorization) return unauthenticated('no credentials')
  return (
    /^Bearer +(\S+)$/i.exec(authorization)?.[1] ??
    unauthenticated('the authorization header is not a Bearer token')
  )
}
