/** Credentials that are none, at a high rate. */
import { randomBytes } from 'node:crypto'
import type { Attack } from '../attack.ts'
import { postBytes } from '../requests.ts'
import { keyId } from '../scene.ts'

const body = '{"query":"{__typename}"}'
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT of the right form, signed by nobody. */
function forgeToken(kid: string): string {
  const claims = {
    iss: 'https://issuer.example',
    aud: 'callbell',
    sub: 'mallory',
    exp: 4_000_000_000,
    scope: 'contacts:read contacts:write',
  }
  return `${encode({ alg: 'RS256', kid })}.${encode(claims)}.${randomBytes(256).toString('base64url')}`
}

/** @param headers of a request, by its number */
function guesses(name: string, what: string, headers: (number: number) => string): Attack {
  return {
    name,
    what,
    run(attacker) {
      let number = 0
      const next = (): Buffer => {
        number += 1
        return postBytes(attacker.host, [headers(number)], body)
      }
      return attacker.flood(next, { connections: 50, inFlight: 2 })
    },
  }
}

export const credentialAttacks: readonly Attack[] = [
  guesses('wrong-keys', 'API keys that nobody has', (number) => `x-api-key: ${number}`),
  guesses('long-keys', 'API keys of 8,000 characters', (number) => `x-api-key: ${number}${'k'.repeat(8000)}`),
  guesses(
    'forged-tokens',
    'JWTs with a known key id and a signature by nobody',
    () => `authorization: Bearer ${forgeToken(keyId)}`,
  ),
  guesses(
    'unknown-key-ids',
    'JWTs with key ids that nobody has',
    (number) => `authorization: Bearer ${forgeToken(`key ${number}`)}`,
  ),
]
