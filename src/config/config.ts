/** From environment variables to a complete `Config`, or to everything that is wrong with them. */
import { z } from 'zod'
import type { AuthenticationSettings } from './authentication.ts'
import { findMethods, readAuthentication } from './authentication.ts'
import type { Environment } from './env-parsers.ts'
import { findQuoted, normalizeEnvironment } from './env-parsers.ts'
import { isLoopback } from './secure-url.ts'
import { describeIssues } from './variable.ts'
import { callbellVariables } from './callbell-variables.ts'
import { callerVariables, schemaVariables } from './caller-variables.ts'
import { serverVariables } from './server-variables.ts'
import { persistentStoreUrl, storeVariables } from './store-variables.ts'
import { logVariables, traceVariables } from './telemetry-variables.ts'

/** Everything but authentication, which is read again while the process runs. */
export const environmentSchema = z.object({
  ...callbellVariables,
  ...storeVariables,
  ...serverVariables,
  ...callerVariables,
  ...schemaVariables,
  ...logVariables,
  ...traceVariables,
})

/** All settings of the gateway, with defaults applied. */
export type Config = Readonly<ReturnType<typeof toConfig>>

/** Thrown with every problem at once, each with its variable. No problem shows a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Reads the configuration and the files that it names. An empty variable counts as unset.
 *
 * @throws ConfigError
 */
export function readConfig(variables: Environment): Config {
  const environment = normalizeEnvironment(variables)
  const parsed = environmentSchema.safeParse(environment)
  const authentication = readAuthentication(variables)
  const problems = [
    ...findQuoted(variables, Object.keys(environmentSchema.shape)),
    ...(parsed.error ? describeIssues(parsed.error) : []),
    ...('problems' in authentication ? authentication.problems : findMissingKey(authentication.settings)),
    ...findOpenAccess(environment),
    ...findMissingDocuments(environment),
    ...(parsed.success ? findUnsharedWorkers(parsed.data.GATEWAY_WORKERS, parsed.data.STORE_URL) : []),
  ]
  if (!parsed.success || 'problems' in authentication || problems.length > 0) throw new ConfigError(problems)
  return toConfig(parsed.data, authentication.settings)
}

function toConfig(env: z.output<typeof environmentSchema>, auth: AuthenticationSettings) {
  const { CALLBELL_API_TOKEN: token, HOST: host } = env
  const isLocal = isLoopback(host)
  return {
    /** Null: there is no token, and the sandbox takes Callbell's place. */
    callbell: token === undefined ? null : { url: env.CALLBELL_API_URL.replace(/\/+$/, ''), token },
    /** The deadline of one field, in milliseconds. */
    timeoutMs: env.CALLBELL_TIMEOUT_MS,
    /** Requests to Callbell within any second; 0: no limit. */
    maxRps: env.CALLBELL_MAX_RPS,
    /** Milliseconds from the end of an ambiguous attempt until a call with the same key may send again. */
    resendAfterMs: env.CALLBELL_RESEND_AFTER_MS,
    /** `memory:`, `sqlite:<file>` or `redis://…`. */
    storeUrl: env.STORE_URL ?? (token === undefined ? 'memory:' : persistentStoreUrl),
    /** Milliseconds for which an idempotency key is remembered. */
    ttlMs: env.IDEMPOTENCY_TTL_HOURS * 3_600_000,
    /** Whether creates and notes are refused without an idempotency key. */
    isKeyRequired: env.IDEMPOTENCY_REQUIRED,
    /** Bytes of the store that one caller's idempotency keys may use; 0: no limit. */
    callerStoreBytes: env.GATEWAY_CALLER_STORE_MB * 1_000_000,
    host,
    /** 0: any free port. */
    port: env.PORT,
    /** Milliseconds for which requests are still accepted after a signal to end. */
    drainDelayMs: env.DRAIN_DELAY_MS,
    /** Processes that serve the port. 1: only the one that was started. */
    workers: env.GATEWAY_WORKERS,
    /** Whether only this machine can reach `host`. */
    isLocal,
    /** Exact origins whose pages may read answers. */
    corsOrigins: env.CORS_ORIGINS,
    /** Headers that these pages may send besides the usual ones, in lower case. */
    corsAllowedHeaders: env.CORS_ALLOWED_HEADERS,
    auth,
    /** Calls to Callbell that each caller may make in a second; 0: no limit. */
    callerRps: env.GATEWAY_CALLER_RPS,
    /** Null: callers send their documents. */
    persistedDocuments: env.PERSISTED_DOCUMENTS
      ? { documents: env.PERSISTED_DOCUMENTS, isExclusive: env.PERSISTED_DOCUMENTS_ONLY }
      : null,
    graphiql: env.GRAPHIQL ?? isLocal,
    introspection: env.INTROSPECTION ?? isLocal,
    logLevel: env.LOG_LEVEL,
    /** The ratio of the requests without an error that are logged, from 0 to 1. */
    logSample: env.LOG_SAMPLE,
    /** Null: nothing is traced. */
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

/** A gateway that accepts API keys but has none would refuse every caller. */
function findMissingKey({ apiKeys }: AuthenticationSettings): string[] {
  if (apiKeys?.length !== 0) return []
  return [
    'GATEWAY_AUTH=api-key requires a key in GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE (name:sha256-hex)',
  ]
}

/** A real account must not be open to everyone who can reach the port. */
function findOpenAccess(environment: Environment): string[] {
  const { CALLBELL_API_TOKEN, HOST } = environment
  if (CALLBELL_API_TOKEN === undefined || HOST === undefined || isLoopback(HOST)) return []
  if (findMethods(environment)?.size !== 0) return []
  return [
    `HOST is ${JSON.stringify(HOST)}, which other machines can reach, and GATEWAY_AUTH is none: with CALLBELL_API_TOKEN set, anyone could write into the account. Set GATEWAY_AUTH to api-key (with GATEWAY_API_KEYS) or jwt, or set HOST to 127.0.0.1`,
  ]
}

/** Without a list of documents, nothing could run. */
function findMissingDocuments({ PERSISTED_DOCUMENTS, PERSISTED_DOCUMENTS_ONLY }: Environment): string[] {
  if (PERSISTED_DOCUMENTS_ONLY !== 'true' || PERSISTED_DOCUMENTS !== undefined) return []
  return [
    'PERSISTED_DOCUMENTS_ONLY=true requires PERSISTED_DOCUMENTS, the file of the documents that may run',
  ]
}

/** Workers share idempotency keys, locks and rate limits through Redis, and through nothing else. */
function findUnsharedWorkers(count: number, storeUrl = ''): string[] {
  if (count === 1 || /^rediss?:/.test(storeUrl)) return []
  return [
    `GATEWAY_WORKERS is ${count}, but STORE_URL does not name a Redis: workers share idempotency keys and rate limits through Redis only. Set STORE_URL to redis://<host>, or GATEWAY_WORKERS to 1`,
  ]
}
