/** Verifies JSON Web Tokens with the keys that their issuer publishes. */
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
  /** The required value of `iss`. */
  readonly issuer: string
  /** The required value of `aud`, or one of its values. */
  readonly audience: string
}

export interface JwtOptions extends JwtSettings {
  /**
   * The cooldown between two requests for the key set, in milliseconds, even if the first one failed. A new
   * key is found after it, and forged key ids cause no more requests to the issuer.
   */
  readonly cooldownMs?: number
  /** The timeout of a request for the key set, in milliseconds. */
  readonly timeoutMs?: number
}

/** Only asymmetric ones: with HS256, an attacker could sign with the issuer's public key. */
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
/** The accepted difference of the issuer's clock, in seconds. */
const clockTolerance = 5
/** OpenID Connect Core 1.0, section 2: a subject has at most 255 characters. */
const maxSubjectLength = 255

/** The key set is unavailable or invalid. The message is the reason. */
class JwksUnavailable extends Error {
  override readonly name = 'JwksUnavailable'
}

/** The cooldown after the last request for the key set is not over. */
class CoolingDown extends Error {
  override readonly name = 'CoolingDown'
}

/** @returns a function that verifies a token and returns its caller. It does not reject */
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
      return { failure: 'AUTHENTICATION_UNAVAILABLE', reason: `the key set is not usable: ${reason}` }
    }
  }
}

/**
 * Finds the key that a token's header names. The key set is cached for ten minutes, and requested again if
 * it lacks a key. The function throws JwksUnavailable, or jose's error if the token is invalid.
 */
function createKeyFinder({ jwksUrl, cooldownMs = 5000, timeoutMs = 5000 }: JwtOptions): JWTVerifyGetKey {
  let cooldownEndsAt = -Infinity
  /** Why the last request failed. During the cooldown, the log must still name that reason. */
  let lastReason: string | undefined
  const findKey = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    // jose has a cooldown only after a success: a failing issuer would get a request for each token.
    [customFetch]: async (address, init) => {
      const now = performance.now()
      if (now < cooldownEndsAt) throw new CoolingDown()
      cooldownEndsAt = now + cooldownMs
      lastReason = undefined
      return readBounded(await fetch(address, init))
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

/** A key set has a few kilobytes. A larger answer is not a key set. */
const maxKeySetBytes = 1_000_000

/** Reads the answer. @throws Error if its status or its size is not that of a key set */
async function readBounded(response: Response): Promise<Response> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered HTTP ${response.status}`)
  }
  const bytes = Buffer.allocUnsafe(maxKeySetBytes)
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxKeySetBytes) throw new Error(`the answer has more than ${maxKeySetBytes} bytes`)
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
  [errors.JWKSMultipleMatchingKeys.code, 'no key id, and several keys match'],
  [errors.JOSEAlgNotAllowed.code, 'the algorithm is not allowed'],
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

/** `fetch` puts the reason into the cause, whose code is clearer than its message. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return error instanceof TypeError ? cause.message : error.message
}

/** The subject goes to digests, where unpaired surrogates would make two subjects equal, and to logs, which remove format characters. */
function isSubject(subject: unknown): subject is string {
  return (
    typeof subject === 'string' &&
    subject.length >= 1 &&
    !isLongerThan(subject, maxSubjectLength) &&
    !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(subject)
  )
}

/** `scope` is the claim of RFC 8693, `scp` the one of Entra and Okta. Other scopes are ignored. */
function scopesOf(payload: JWTPayload): ReadonlySet<Scope> {
  const granted = new Set([payload['scope'], payload['scp'], payload['scopes']].flatMap(wordsOf))
  return new Set(scopes.filter((scope) => granted.has(scope)))
}

function wordsOf(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim : []
}
