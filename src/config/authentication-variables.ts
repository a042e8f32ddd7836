/** The variables for how callers authenticate. */
import { z } from 'zod'
import { anyString } from './env-parsers.ts'
import { secureUrl } from './secure-url.ts'
import { variable } from './variable.ts'

export const methods = ['api-key', 'jwt'] as const
/** A kind of credentials. */
export type Method = (typeof methods)[number]

/** The empty set for `none`. */
const methodSet = z
  .string()
  .transform((text, context): ReadonlySet<Method> => {
    const words = new Set(text.split(',').map((word) => word.trim()))
    if (words.size === 1 && words.has('none')) return new Set()
    const supported = new Set(methods.filter((method) => words.has(method)))
    if (supported.size === words.size) return supported
    context.addIssue(`must be none, api-key, jwt, or api-key,jwt, but is ${JSON.stringify(text)}`)
    return z.NEVER
  })
  .describe('`none`, `api-key`, `jwt`, or `api-key,jwt`')

export const methodVariables = {
  GATEWAY_AUTH: variable(methodSet, {
    default: 'none',
    description:
      'How callers prove who they are. With `none`, keep `HOST` on a loopback address: with a token of Callbell the gateway starts on no other.',
  }),
}

export const apiKeyVariables = {
  GATEWAY_API_KEYS: variable(anyString('a list of `name:sha256-hex`, separated by commas'), {
    description:
      "For `api-key`: the names of API keys, each with the SHA-256 digest of its key, never the key itself. `:read`, `:write` or `:metrics` after a digest narrows what the key may do. `openssl rand -base64 32` makes a new key, and `printf %s 'the key' | sha256sum` its digest.",
  }),
  GATEWAY_API_KEYS_FILE: variable(anyString('a file with one `name:sha256-hex` on each line'), {
    description:
      'For `api-key`: a file with more API keys. Blank lines and lines that start with `#` are skipped. The keys of both variables are valid. The file is read again when it changes.',
  }),
}

export const jwtVariables = {
  GATEWAY_JWKS_URL: variable(
    secureUrl({ example: 'https://issuer.example/.well-known/jwks.json', mayHaveQuery: true }),
    { description: 'For `jwt`: where the issuer publishes its keys, a JSON Web Key Set.' },
  ),
  GATEWAY_JWT_ISSUER: variable(anyString('the exact value of `iss`'), {
    description: 'For `jwt`: what the claim `iss` of each token must be.',
  }),
  GATEWAY_JWT_AUDIENCE: variable(anyString('the exact value of `aud`'), {
    description: 'For `jwt`: what the claim `aud` of each token must be, or must contain.',
  }),
}

export const authenticationVariables = { ...methodVariables, ...apiKeyVariables, ...jwtVariables }
