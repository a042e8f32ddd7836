/** From environment variables to how callers authenticate. */
import { z } from 'zod'
import type { ApiKey } from '../http/auth/api-key.ts'
import type { JwtSettings } from '../http/auth/jwt.ts'
import { parseApiKeys } from './api-keys.ts'
import type { Environment } from './env-parsers.ts'
import { findQuoted, normalizeEnvironment } from './env-parsers.ts'
import { readTextFile } from './text-file.ts'
import { describeIssues } from './variable.ts'
import type { Method } from './authentication-variables.ts'
import {
  apiKeyVariables,
  authenticationVariables,
  jwtVariables,
  methodVariables,
  methods,
} from './authentication-variables.ts'

/** With neither keys nor tokens, callers need no credentials. */
export interface AuthenticationSettings {
  /** Null: API keys are not accepted. Empty: they are, but none is valid. */
  readonly apiKeys: readonly ApiKey[] | null
  /** The file that some of the keys come from; null: there is none. */
  readonly apiKeysFile: string | null
  /** Null: JSON Web Tokens are not accepted. */
  readonly jwt: JwtSettings | null
}

type ReadAuthentication =
  { readonly settings: AuthenticationSettings } | { readonly problems: readonly string[] }

const methodSchema = z.object(methodVariables)
const jwtSchema = z.object(jwtVariables)
const variablesOf = { 'api-key': Object.keys(apiKeyVariables), jwt: Object.keys(jwtVariables) } as const

/**
 * Reads the variables for authentication and the file of keys that they name. It accepts an empty list of
 * keys, since keys may be removed while the process runs.
 *
 * @returns the settings, or every problem, each with its variable and without secrets
 */
export function readAuthentication(environment: Environment): ReadAuthentication {
  const quoted = findQuoted(environment, Object.keys(authenticationVariables))
  const reading = readSettings(normalizeEnvironment(environment))
  if (quoted.length === 0) return reading
  return { problems: [...quoted, ...('problems' in reading ? reading.problems : [])] }
}

/** @returns the methods that GATEWAY_AUTH names, none for `none`; undefined if it is invalid */
export function findMethods(environment: Environment): ReadonlySet<Method> | undefined {
  return methodSchema.safeParse(environment).data?.GATEWAY_AUTH
}

function readSettings(environment: Environment): ReadAuthentication {
  const method = methodSchema.safeParse(environment)
  if (!method.success) return { problems: describeIssues(method.error) }
  const chosen = method.data.GATEWAY_AUTH
  const problems = methods.flatMap((name) => (chosen.has(name) ? [] : findUnused(name, environment)))
  const settings = {
    apiKeys: chosen.has('api-key') ? readApiKeys(environment, problems) : null,
    apiKeysFile: environment['GATEWAY_API_KEYS_FILE'] ?? null,
    jwt: chosen.has('jwt') ? readJwtSettings(environment, problems) : null,
  }
  return problems.length > 0 ? { problems } : { settings }
}

/** An operator who sets up credentials expects that callers need them: to ignore them would be dangerous. */
function findUnused(method: Method, environment: Environment): string[] {
  return variablesOf[method]
    .filter((name) => environment[name] !== undefined)
    .map(
      (name) =>
        `${name} is set, but GATEWAY_AUTH does not include ${method}. Add ${method} to GATEWAY_AUTH, or remove ${name}`,
    )
}

function readApiKeys(
  { GATEWAY_API_KEYS = '', GATEWAY_API_KEYS_FILE: path }: Environment,
  problems: string[],
): readonly ApiKey[] {
  const file = path === undefined ? { text: '' } : readTextFile('GATEWAY_API_KEYS_FILE', path)
  if ('problem' in file) problems.push(file.problem)
  const text = 'text' in file ? file.text : ''
  const parsed = parseApiKeys({ GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE: text })
  if ('keys' in parsed) return parsed.keys
  problems.push(...parsed.problems)
  return []
}

function readJwtSettings(environment: Environment, problems: string[]): JwtSettings {
  for (const name of variablesOf.jwt) {
    if (environment[name] === undefined) problems.push(`GATEWAY_AUTH=jwt requires ${name}`)
  }
  const parsed = jwtSchema.safeParse(environment)
  if (!parsed.success) problems.push(...describeIssues(parsed.error))
  const {
    GATEWAY_JWKS_URL: jwksUrl = '',
    GATEWAY_JWT_ISSUER: issuer = '',
    GATEWAY_JWT_AUDIENCE: audience = '',
  } = parsed.data ?? {}
  return { jwksUrl, issuer, audience }
}
