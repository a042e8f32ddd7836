/** From environment variables to a complete `Config`, or to everything that is wrong with them. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { AuthenticationSettings } from './http/authentication/settings.ts'
import {
  authenticationVariables,
  methodsOf,
  readAuthenticationSettings,
} from './http/authentication/settings.ts'
import { isLoopback, isProtected } from './protected-url.ts'
import type { PersistedDocuments } from './operations/persisted-documents.ts'
import { parsePersistedDocuments } from './operations/persisted-documents.ts'
import type { LogLevel } from './telemetry/log.ts'
import { logLevels } from './telemetry/log.ts'
import type { TraceSettings } from './telemetry/open-telemetry.ts'
import { readTextFile } from './text-file.ts'
import {
  findQuoted,
  oneOf,
  parseHeaders,
  share,
  switchWords,
  unquote,
  wholeNumber,
} from './variable-forms.ts'

export interface Config {
  /** Null: no token was given, and the sandbox takes Callbell's place. */
  readonly callbell: { readonly url: string; readonly token: string } | null
  /** Deadline of one field, in milliseconds. */
  readonly timeoutMs: number
  /** Requests to Callbell within any second; 0: no limit. */
  readonly maxRps: number
  /** Milliseconds after the end of an ambiguous attempt until a call with the same key may send again. */
  readonly resendAfterMs: number
  /** `memory:`, `sqlite:<file>` or `redis://…`. */
  readonly storeUrl: string
  /** Milliseconds for which an idempotency key is remembered. */
  readonly ttlMs: number
  /** Bytes of the store that one caller's idempotency keys may use; 0: no limit. */
  readonly callerStoreBytes: number
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Milliseconds for which requests are still taken after the process has been told to end. */
  readonly drainDelayMs: number
  /** Processes that serve the port. 1: the one that was started. */
  readonly workers: number
  /** Whether only this machine can reach `host`. */
  readonly isLocal: boolean
  /** Exact origins whose pages may read answers. */
  readonly corsOrigins: readonly string[]
  readonly auth: AuthenticationSettings
  /** Calls to Callbell that each caller may make in a second; 0: no limit. */
  readonly callerRps: number
  /** Null: callers send their documents as text. */
  readonly persistedDocuments: PersistedDocuments | null
  readonly graphiql: boolean
  readonly introspection: boolean
  readonly logLevel: LogLevel
  /** Share of the requests without an error that leave a line in the log, from 0 to 1. */
  readonly logSample: number
  /** Null: nothing is traced. */
  readonly traces: TraceSettings | null
}

/** Thrown with every problem at once, each naming its variable. Values of secrets are never told. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Each takes a hundred megabytes: more than these is a mistake. */
const mostWorkers = 128

const workers = z
  .string()
  .default('1')
  .refine(
    (text) => text === 'auto' || (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= mostWorkers),
    {
      error: ({ input }) =>
        `GATEWAY_WORKERS must be a whole number from 1 to ${mostWorkers}, or auto, but is ${JSON.stringify(input)}`,
    },
  )
  .transform((text) => (text === 'auto' ? Math.min(availableParallelism(), mostWorkers) : Number(text)))

const environment = z.object({
  CALLBELL_API_TOKEN: z
    .string()
    // The dashboard shows the token with its prefix, and so it gets pasted.
    .transform((token) => token.trim().replace(/^(?:Bearer(?:\s+|$))+/i, ''))
    .refine((token) => /^[\x21-\x7e]+$/.test(token), {
      error: 'CALLBELL_API_TOKEN must be printable ASCII text without spaces (its value is not shown here)',
    })
    .refine((token) => !/^["'`]|["'`]$/.test(token), {
      error: 'CALLBELL_API_TOKEN must not begin or end with a quote (its value is not shown here)',
    })
    .optional(),
  CALLBELL_API_URL: z
    .string()
    .default('https://api.callbell.eu/v1')
    .superRefine((text, context) => {
      const problem = problemOfApiUrl(text)
      if (problem) context.addIssue(`CALLBELL_API_URL ${problem}`)
    })
    .transform((text) => text.replace(/\/+$/, '')),
  CALLBELL_TIMEOUT_MS: wholeNumber('CALLBELL_TIMEOUT_MS', 1, 300_000, 10_000),
  CALLBELL_MAX_RPS: wholeNumber('CALLBELL_MAX_RPS', 0, 100_000, 300),
  CALLBELL_RESEND_AFTER_MS: wholeNumber('CALLBELL_RESEND_AFTER_MS', 1000, 3_600_000, 60_000),
  STORE_URL: z
    .string()
    .refine((text) => /^(?:memory:|sqlite:.+|rediss?:\/\/.+)$/.test(text), {
      error: 'STORE_URL must be memory:, sqlite:<file> or redis://<host> (its value is not shown here)',
    })
    // After two slashes some expect a path that is relative, some a host, and the file system the root.
    .refine((text) => !text.startsWith('sqlite://'), {
      error:
        'STORE_URL names its file as sqlite:data/gateway.db or sqlite:/data/gateway.db, without two slashes after sqlite:',
    })
    .optional(),
  IDEMPOTENCY_TTL_HOURS: wholeNumber('IDEMPOTENCY_TTL_HOURS', 1, 8760, 24),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber('PORT', 0, 65_535, 4000),
  DRAIN_DELAY_MS: wholeNumber('DRAIN_DELAY_MS', 0, 300_000, 0),
  GATEWAY_WORKERS: workers,
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((origin) => origin.trim() || []))
    .superRefine((origins, context) => {
      for (const origin of origins.filter((text) => !isExactOrigin(text))) {
        // Credentials, which some put into URLs, are not shown.
        const shown = origin.includes('@') ? 'one with an @' : JSON.stringify(origin)
        context.addIssue(
          `CORS_ORIGINS must list exact origins such as https://app.example, without a path or a slash at the end, but has ${shown}`,
        )
      }
    }),
  GATEWAY_CALLER_RPS: wholeNumber('GATEWAY_CALLER_RPS', 0, 100_000, 100),
  GATEWAY_CALLER_STORE_MB: wholeNumber('GATEWAY_CALLER_STORE_MB', 0, 1_000_000, 64),
  PERSISTED_DOCUMENTS: z
    .string()
    .transform((path, context) => {
      const file = readTextFile('PERSISTED_DOCUMENTS', path)
      const documents = 'problem' in file ? file.problem : parsePersistedDocuments(file.text)
      if (typeof documents !== 'string') return documents
      context.addIssue(documents)
      return z.NEVER
    })
    .optional(),
  PERSISTED_DOCUMENTS_ONLY: oneOf('PERSISTED_DOCUMENTS_ONLY', switchWords).optional(),
  GRAPHIQL: oneOf('GRAPHIQL', switchWords).optional(),
  INTROSPECTION: oneOf('INTROSPECTION', switchWords).optional(),
  LOG_LEVEL: oneOf('LOG_LEVEL', logLevels).default('info'),
  LOG_SAMPLE: share('LOG_SAMPLE'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine((text) => /^https?:\/\/[^?#]+$/.test(text) && URL.canParse(text), {
      // It may hold credentials.
      error:
        'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://localhost:4318, without query or fragment (its value is not shown here)',
    })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .default('')
    .transform((text, context) => {
      const headers = parseHeaders(text)
      if (headers) return headers
      context.addIssue(
        'OTEL_EXPORTER_OTLP_HEADERS must list headers as name=value, percent-encoded, separated by commas (its value is not shown here)',
      )
      return z.NEVER
    }),
  OTEL_SERVICE_NAME: z.string().default('callbell-graphql'),
  OTEL_TRACES_SAMPLER_ARG: share('OTEL_TRACES_SAMPLER_ARG'),
})

/**
 * Reads the configuration. An empty variable counts as one that is not set.
 *
 * @throws ConfigError
 */
export function readConfig(variables: Environment): Config {
  const given = asMeant(variables)
  const parsed = environment.safeParse(given)
  const authentication = readAuthentication(variables)
  const problems = [
    ...findQuoted(variables, Object.keys(environment.shape)),
    ...(parsed.error?.issues.map((issue) => issue.message) ?? []),
    ...('problems' in authentication ? authentication.problems : findKeyless(authentication.settings)),
    ...findOpenDoor(given),
    ...findUnlisted(given),
    ...(parsed.success ? findUnsharedWorkers(parsed.data.GATEWAY_WORKERS, parsed.data.STORE_URL) : []),
  ]
  if (!parsed.success || 'problems' in authentication || problems.length > 0) throw new ConfigError(problems)
  const env = parsed.data
  const isLocal = isLoopback(env.HOST)
  return {
    callbell:
      env.CALLBELL_API_TOKEN === undefined
        ? null
        : { url: env.CALLBELL_API_URL, token: env.CALLBELL_API_TOKEN },
    timeoutMs: env.CALLBELL_TIMEOUT_MS,
    maxRps: env.CALLBELL_MAX_RPS,
    resendAfterMs: env.CALLBELL_RESEND_AFTER_MS,
    storeUrl: env.STORE_URL ?? (env.CALLBELL_API_TOKEN === undefined ? 'memory:' : 'sqlite:data/gateway.db'),
    ttlMs: env.IDEMPOTENCY_TTL_HOURS * 3_600_000,
    callerStoreBytes: env.GATEWAY_CALLER_STORE_MB * 1_000_000,
    host: env.HOST,
    port: env.PORT,
    drainDelayMs: env.DRAIN_DELAY_MS,
    workers: env.GATEWAY_WORKERS,
    isLocal,
    corsOrigins: env.CORS_ORIGINS,
    auth: authentication.settings,
    callerRps: env.GATEWAY_CALLER_RPS,
    persistedDocuments: env.PERSISTED_DOCUMENTS
      ? { documents: env.PERSISTED_DOCUMENTS, isExclusive: isOn(env.PERSISTED_DOCUMENTS_ONLY, false) }
      : null,
    graphiql: isOn(env.GRAPHIQL, isLocal),
    introspection: isOn(env.INTROSPECTION, isLocal),
    logLevel: env.LOG_LEVEL,
    logSample: env.LOG_SAMPLE,
    traces:
      env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
            headers: env.OTEL_EXPORTER_OTLP_HEADERS,
            serviceName: env.OTEL_SERVICE_NAME,
            sampleRatio: env.OTEL_TRACES_SAMPLER_ARG,
          },
  }
}

/**
 * Reads how callers prove who they are, and nothing else: while the process runs, keys come and go,
 * and the last one may.
 */
export function readAuthentication(variables: Environment) {
  const quoted = findQuoted(variables, authenticationVariables)
  const reading = readAuthenticationSettings(asMeant(variables))
  if (quoted.length === 0) return reading
  return { problems: [...quoted, ...('problems' in reading ? reading.problems : [])] }
}

/** Without empty ones, and without quotes: those are a problem of their own, and are not to cause others. */
function asMeant(variables: Environment): Environment {
  return Object.fromEntries(
    Object.entries(variables)
      .map(([name, value = '']) => [name, unquote(value) ?? value])
      .filter(([, value]) => value !== ''),
  )
}

/** A door that nobody can open is a mistake at the start. */
function findKeyless({ apiKeys }: AuthenticationSettings): string[] {
  if (apiKeys?.length !== 0) return []
  return [
    'GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE must hold a key, as name:sha256-hex: GATEWAY_AUTH names api-key',
  ]
}

/** A real account behind a door that anyone can reach, with nobody asking who comes in. */
function findOpenDoor(variables: Environment): string[] {
  const { CALLBELL_API_TOKEN, HOST } = variables
  if (CALLBELL_API_TOKEN === undefined || HOST === undefined || isLoopback(HOST)) return []
  if (methodsOf(variables)?.size !== 0) return []
  return [
    `HOST is ${JSON.stringify(HOST)}, which others can reach, and GATEWAY_AUTH is none: with CALLBELL_API_TOKEN set, anyone could write into the account. Set GATEWAY_AUTH to api-key (with GATEWAY_API_KEYS) or jwt, or HOST to 127.0.0.1`,
  ]
}

/** Nothing but what is listed may run, and no list is given. */
function findUnlisted({ PERSISTED_DOCUMENTS, PERSISTED_DOCUMENTS_ONLY }: Environment): string[] {
  if (PERSISTED_DOCUMENTS_ONLY !== 'true' || PERSISTED_DOCUMENTS !== undefined) return []
  return [
    'PERSISTED_DOCUMENTS must name the file of the documents that may run: PERSISTED_DOCUMENTS_ONLY is true',
  ]
}

/** Workers share idempotency keys, locks and rate limits through Redis, and through nothing else. */
function findUnsharedWorkers(count: number, storeUrl = ''): string[] {
  if (count === 1 || /^rediss?:/.test(storeUrl)) return []
  return [
    `GATEWAY_WORKERS is ${count}, but STORE_URL does not name a Redis: workers share idempotency keys and rate limits through Redis only. Set STORE_URL to redis://<host>, or GATEWAY_WORKERS to 1`,
  ]
}

/** As a browser writes it. No pattern is one, and `null` is the origin of every page that hides its own. */
function isExactOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !text.includes('*')
}

function isOn(word: (typeof switchWords)[number] | undefined, fallback: boolean): boolean {
  return word === undefined ? fallback : word === 'true'
}

/** The URL itself is not told: it may hold credentials. */
function problemOfApiUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'must be a URL such as https://api.callbell.eu/v1'
  if (url.username || url.password || url.search || url.hash) {
    return 'must have no credentials, query or fragment'
  }
  return isProtected(url) ? undefined : 'must start with https:// (http:// is for loopback addresses only)'
}
