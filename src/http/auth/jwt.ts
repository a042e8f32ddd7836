/** JSON Web Tokens: who they name, by the keys that their issuer publishes. */
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { Scope } from '../../domain/caller.ts'
import { scopes } from '../../domain/caller.ts'
import { isLongerThan } from '../../domain/code-points.ts'
import type { Authentication } from './authentication.ts'
import { unauthenticated } from './authentication.ts'

export interface JwtSettings {
  /** Where the issuer publishes its keys, a JSON Web Key Set. */
  readonly jwksUrl: string
  /** What `iss` must be. */
  readonly issuer: string
  /** What `aud` must be, or hold. */
  readonly audience: string
}

export interface JwtOptions extends JwtSettings {
  /**
   * Milliseconds that must lie between two requests for the key set, whatever the first one came to:
   * a new key is met once they are over, and made-up key ids make us ask the issuer no more often.
   */
  readonly cooldownMs?: number
  /** Milliseconds after which a request for the key set is given up. */
  readonly timeoutMs?: number
}

/** Asymmetric ones only: as the secret of an HS256, the issuer's public key would be known to everyone. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
/** Seconds by which the issuer's clock may differ from ours. */
const clockTolerance = 5
/** OpenID Connect Core 1.0, section 2: a subject has at most 255 characters. */
const longestSubject = 255

/** The key set can't be had or is broken. The message is the reason. */
class JwksUnavailable extends Error {
  override readonly name = 'JwksUnavailable'
}

/** The issuer was asked a moment ago and is not asked now. */
class CoolingDown extends Error {
  override readonly name = 'CoolingDown'
}

/** @returns a function from a token to the caller that it names; it does not throw */
export function createJwtCheck(jwtOptions: JwtOptions): (token: string) => Promise<Authentication> {
  const { issuer, audience } = jwtOptions
  const findKey = createKeyFinder(jwtOptions)
  const options = { algorithms, issuer, audience, clockTolerance, requiredClaims: ['exp', 'sub'] }
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, findKey, options)
      const { sub } = payload
      if (!isSubject(sub)) return unauthenticated("the token's sub is malformed")
      const name = `jwt:${sub}`
      return { caller: { name, bucket: name, scopes: scopesOf(payload) } }
    } catch (error) {
      if (error instanceof errors.JOSEError) return unauthenticated(reasonOf(error))
      const reason = error instanceof JwksUnavailable ? error.message : describe(error)
      return { failure: 'AUTHENTICATION_UNAVAILABLE', reason: `the key set can't be used: ${reason}` }
    }
  }
}

/**
 * Finds the key that a token's header names, in a key set that is kept for ten minutes and asked for
 * anew when it lacks a key. Throws JwksUnavailable, or jose's error where the token is at fault.
 */
function createKeyFinder({ jwksUrl, cooldownMs = 5000, timeoutMs = 5000 }: JwtOptions): JWTVerifyGetKey {
  let restsUntil = -Infinity
  /** Why the last request gave no key set: most callers meet the cool-down, and the log must tell them why. */
  let lastReason: string | undefined
  const findKey = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    // jose cools down after a success only: an issuer in trouble would be asked by every request.
    [customFetch]: async (address, init) => {
      const now = performance.now()
      if (now < restsUntil) throw new CoolingDown()
      restsUntil = now + cooldownMs
      lastReason = undefined
      return bounded(await fetch(address, init))
    },
  })
  return async (header, token) => {
    try {
      return await findKey(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
        throw error
      }
      if (!(error instanceof CoolingDown)) {
        lastReason = describe(error)
        throw new JwksUnavailable(lastReason, { cause: error })
      }
      const wait = `the gateway waits ${cooldownMs.toLocaleString('en-US')} ms between two requests`
      throw new JwksUnavailable(lastReason === undefined ? wait : `${lastReason} (${wait})`)
    }
  }
}

/** A key set is a few kilobytes; this one is not an issuer's. */
const largestKeySetBytes = 1_000_000

/** @throws where it is no key set by its status or its size */
async function bounded(response: Response): Promise<Response> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered with the HTTP status ${response.status}`)
  }
  const bytes = Buffer.allocUnsafe(largestKeySetBytes)
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > largestKeySetBytes) throw new Error(`it has more than ${largestKeySetBytes} bytes`)
    bytes.set(chunk, size - chunk.byteLength)
  }
  return new Response(bytes.subarray(0, size), { status: response.status, headers: response.headers })
}

const claimReasons: ReadonlyMap<string, string> = new Map([
  ['iss', 'wrong issuer'],
  ['aud', 'wrong audience'],
  ['nbf', 'the token is not yet valid'],
])

const reasons: ReadonlyMap<string, string> = new Map([
  [errors.JWKSNoMatchingKey.code, 'unknown key id'],
  [errors.JWKSMultipleMatchingKeys.code, 'no key id, and several keys that fit'],
  [errors.JOSEAlgNotAllowed.code, 'an algorithm that is not allowed'],
  [errors.JWSSignatureVerificationFailed.code, 'wrong signature'],
])

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return `the token has no ${error.claim}`
    const reason = error.reason === 'check_failed' ? claimReasons.get(error.claim) : undefined
    return reason ?? `the token's ${error.claim} is malformed`
  }
  return reasons.get(error.code) ?? 'the token is malformed'
}

/** `fetch` hides what happened in the cause, of which a code says more than a message. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return error instanceof TypeError ? cause.message : error.message
}

/** The name ends up in digests, where broken Unicode would make two subjects one, and in logs, which show no format characters. */
function isSubject(subject: unknown): subject is string {
  return (
    typeof subject === 'string' &&
    subject.length >= 1 &&
    !isLongerThan(subject, longestSubject) &&
    !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(subject)
  )
}

/** `scope` is RFC 8693's claim, `scp` Entra's and Okta's; what other scopes there are is not ours to know. */
function scopesOf(payload: JWTPayload): ReadonlySet<Scope> {
  const granted = new Set([payload['scope'], payload['scp'], payload['scopes']].flatMap(wordsOf))
  return new Set(scopes.filter((scope) => granted.has(scope)))
}

function wordsOf(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim : []
}
