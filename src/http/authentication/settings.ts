/** From environment variables to how callers prove who they are. */
import { isProtected } from '../../protected-url.ts'
import { readTextFile } from '../../text-file.ts'
import type { ApiKey } from '../auth/api-key.ts'
import { parseApiKeys } from '../auth/api-key.ts'
import type { JwtSettings } from '../auth/jwt.ts'

/** With neither keys nor tokens, nobody is asked. */
export interface AuthenticationSettings {
  /** Null: keys are no credentials. Empty: there is none that opens the door. */
  readonly apiKeys: readonly ApiKey[] | null
  /** The file that some of the keys are from; null: none are. */
  readonly apiKeysFile: string | null
  /** Null: tokens are no credentials. */
  readonly jwt: JwtSettings | null
}

export interface AuthenticationVariables {
  readonly GATEWAY_AUTH?: string | undefined
  readonly GATEWAY_API_KEYS?: string | undefined
  readonly GATEWAY_API_KEYS_FILE?: string | undefined
  readonly GATEWAY_JWKS_URL?: string | undefined
  readonly GATEWAY_JWT_ISSUER?: string | undefined
  readonly GATEWAY_JWT_AUDIENCE?: string | undefined
}

const methods = ['api-key', 'jwt'] as const
/** A kind of credentials. */
export type Method = (typeof methods)[number]

/** What only one method reads. */
const variablesOf = {
  'api-key': ['GATEWAY_API_KEYS', 'GATEWAY_API_KEYS_FILE'],
  jwt: ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'],
} as const

/** The names of all that is read here. */
export const authenticationVariables = ['GATEWAY_AUTH', ...methods.flatMap((method) => variablesOf[method])]

/**
 * Reads the settings, and the file that they name.
 *
 * @returns the settings, or every problem, each naming its variable and quoting no secret
 */
export function readAuthenticationSettings(
  variables: AuthenticationVariables,
): { readonly settings: AuthenticationSettings } | { readonly problems: readonly string[] } {
  const given = methodsOf(variables)
  if (given === undefined) {
    const text = JSON.stringify(variables.GATEWAY_AUTH)
    return { problems: [`GATEWAY_AUTH must be none, api-key, jwt, or api-key,jwt, but is ${text}`] }
  }
  const problems = methods
    .filter((method) => !given.has(method))
    .flatMap((method) => findUnused(method, variables))
  const settings = {
    apiKeys: given.has('api-key') ? readApiKeys(variables, problems) : null,
    apiKeysFile: variables.GATEWAY_API_KEYS_FILE ?? null,
    jwt: given.has('jwt') ? readJwtSettings(variables, problems) : null,
  }
  return problems.length > 0 ? { problems } : { settings }
}

/** @returns the methods that GATEWAY_AUTH names, none for `none`; undefined if it names anything else */
export function methodsOf({
  GATEWAY_AUTH = 'none',
}: AuthenticationVariables): ReadonlySet<Method> | undefined {
  const words = new Set(GATEWAY_AUTH.split(',').map((word) => word.trim()))
  if (words.size === 1 && words.has('none')) return new Set()
  const named = new Set(methods.filter((method) => words.has(method)))
  return named.size === words.size ? named : undefined
}

/** Who sets up credentials believes that they are asked for: to ignore them would leave a door open. */
function findUnused(method: Method, variables: AuthenticationVariables): string[] {
  return variablesOf[method]
    .filter((name) => variables[name] !== undefined)
    .map((name) => `${name} is set, but not used: GATEWAY_AUTH does not name ${method}`)
}

function readApiKeys(
  { GATEWAY_API_KEYS = '', GATEWAY_API_KEYS_FILE }: AuthenticationVariables,
  problems: string[],
): readonly ApiKey[] {
  const file =
    GATEWAY_API_KEYS_FILE === undefined
      ? { text: '' }
      : readTextFile('GATEWAY_API_KEYS_FILE', GATEWAY_API_KEYS_FILE)
  if ('problem' in file) problems.push(file.problem)
  const text = 'text' in file ? file.text : ''
  const parsed = parseApiKeys({ GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE: text })
  if ('problems' in parsed) {
    problems.push(...parsed.problems)
    return []
  }
  return parsed.keys
}

function readJwtSettings(variables: AuthenticationVariables, problems: string[]): JwtSettings {
  for (const name of variablesOf.jwt) {
    if (variables[name] === undefined) problems.push(`${name} must be set: GATEWAY_AUTH names jwt`)
  }
  const { GATEWAY_JWKS_URL: jwksUrl = '', GATEWAY_JWT_ISSUER: issuer = '' } = variables
  const problem = jwksUrl === '' ? undefined : problemOfJwksUrl(jwksUrl)
  if (problem !== undefined) problems.push(`GATEWAY_JWKS_URL ${problem}`)
  return { jwksUrl, issuer, audience: variables.GATEWAY_JWT_AUDIENCE ?? '' }
}

/** The URL itself is not told: it may hold credentials. */
function problemOfJwksUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'must be a URL such as https://issuer.example/.well-known/jwks.json'
  if (url.username || url.password) return 'must have no credentials'
  return isProtected(url) ? undefined : 'must start with https:// (http:// is for loopback addresses only)'
}
