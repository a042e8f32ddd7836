/** Valid configurations, and the settings that are read from them. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import type { Scope } from '../../../src/domain/caller.ts'
import type { Config } from '../../../src/config/config.ts'
import { environmentSchema, readConfig } from '../../../src/config/config.ts'
import { authenticationVariables } from '../../../src/config/authentication-variables.ts'
import type { ApiKey } from '../../../src/http/auth/api-key.ts'
import { digest, fileWith, jwt, key } from '../../support/configuration.ts'

const none = { apiKeys: null, apiKeysFile: null, jwt: null }
const defaults: Config = {
  callbell: null,
  timeoutMs: 10_000,
  maxRps: 300,
  resendAfterMs: 60_000,
  storeUrl: 'memory:',
  ttlMs: 86_400_000,
  isKeyRequired: false,
  callerStoreBytes: 64_000_000,
  host: '127.0.0.1',
  port: 4000,
  drainDelayMs: 0,
  workers: 1,
  isLocal: true,
  corsOrigins: [],
  corsAllowedHeaders: [],
  auth: none,
  callerRps: 100,
  persistedDocuments: null,
  graphiql: true,
  introspection: true,
  logLevel: 'info',
  logSample: 1,
  traces: null,
}
/** With a token, keys persist across restarts. */
const real = { storeUrl: 'sqlite:data/gateway.db' }
const url = 'https://api.callbell.eu/v1'

const apiKey = (name: string, byte: string, ...scopes: Scope[]): ApiKey => ({
  name,
  digest: Buffer.from(digest(byte), 'hex'),
  scopes: new Set(scopes),
})
const web = apiKey('web', 'ab', 'contacts:read', 'contacts:write')
const keysFile = fileWith(`# rotated yearly\n\nreport:${digest('cd')}:read\n`)
const markedKeysFile = fileWith(`\uFEFFreport:${digest('cd')}:read\r\n`)
const report = apiKey('report', 'cd', 'contacts:read')
const jwtSettings = {
  jwksUrl: 'https://issuer.example/keys?p=1',
  issuer: 'https://issuer.example/',
  audience: 'gateway',
}

test.each<[Record<string, string>, Partial<Config>]>([
  [{}, {}],
  [{ CALLBELL_API_TOKEN: '', PORT: '' }, {}],
  [{ CALLBELL_API_TOKEN: 'abc' }, { ...real, callbell: { url, token: 'abc' } }],
  [{ CALLBELL_API_TOKEN: ' Bearer  abc ' }, { ...real, callbell: { url, token: 'abc' } }],
  [{ CALLBELL_API_TOKEN: 'Bearer Bearer abc' }, { ...real, callbell: { url, token: 'abc' } }],
  [
    { CALLBELL_API_TOKEN: 'abc', CALLBELL_API_URL: 'http://127.0.0.1:8080/v1/' },
    { ...real, callbell: { url: 'http://127.0.0.1:8080/v1', token: 'abc' } },
  ],
  [
    { CALLBELL_API_TOKEN: 'abc', CALLBELL_API_URL: 'http://[::1]:8080' },
    { ...real, callbell: { url: 'http://[::1]:8080', token: 'abc' } },
  ],
  [
    { PORT: '0', CALLBELL_TIMEOUT_MS: '250' },
    { port: 0, timeoutMs: 250 },
  ],
  [
    { STORE_URL: 'redis://10.0.0.1:6379', IDEMPOTENCY_TTL_HOURS: '1', IDEMPOTENCY_REQUIRED: 'true' },
    { storeUrl: 'redis://10.0.0.1:6379', ttlMs: 3_600_000, isKeyRequired: true },
  ],
  [{ HOST: 'localhost' }, { host: 'localhost' }],
  [
    { GATEWAY_WORKERS: '3', STORE_URL: 'redis://cache' },
    { workers: 3, storeUrl: 'redis://cache' },
  ],
  [
    { GATEWAY_WORKERS: '2', STORE_URL: 'rediss://cache' },
    { workers: 2, storeUrl: 'rediss://cache' },
  ],
  [
    { GATEWAY_WORKERS: 'auto', STORE_URL: 'redis://cache' },
    { workers: availableParallelism(), storeUrl: 'redis://cache' },
  ],
  [
    { GATEWAY_WORKERS: '1', STORE_URL: 'sqlite:keys.db' },
    { workers: 1, storeUrl: 'sqlite:keys.db' },
  ],
  [
    { CORS_ORIGINS: 'https://app.example, http://localhost:3000,' },
    { corsOrigins: ['https://app.example', 'http://localhost:3000'] },
  ],
  [
    { CORS_ORIGINS: 'capacitor://localhost,ionic://localhost,tauri://localhost,app://-,app://x.example:81' },
    {
      corsOrigins: [
        'capacitor://localhost',
        'ionic://localhost',
        'tauri://localhost',
        'app://-',
        'app://x.example:81',
      ],
    },
  ],
  [
    { CORS_ALLOWED_HEADERS: "X-Tenant, x-b3-traceid,!#$%&'*+-.^_`|~9," },
    { corsAllowedHeaders: ['x-tenant', 'x-b3-traceid', "!#$%&'*+-.^_`|~9"] },
  ],
  [
    { CORS_ALLOWED_HEADERS: Array.from({ length: 50 }, (_, index) => `x-${index}`).join() },
    { corsAllowedHeaders: Array.from({ length: 50 }, (_, index) => `x-${index}`) },
  ],
  [{ GATEWAY_CALLER_RPS: '0' }, { callerRps: 0 }],
  [{ GATEWAY_CALLER_STORE_MB: '0' }, { callerStoreBytes: 0 }],
  [{ GATEWAY_CALLER_STORE_MB: '200' }, { callerStoreBytes: 200_000_000 }],
  [
    { PERSISTED_DOCUMENTS: fileWith('{"a":"{__typename}"}') },
    { persistedDocuments: { documents: new Map([['a', '{__typename}']]), isExclusive: false } },
  ],
  [
    { PERSISTED_DOCUMENTS: fileWith('\uFEFF{"a":"{__typename}"}') },
    { persistedDocuments: { documents: new Map([['a', '{__typename}']]), isExclusive: false } },
  ],
  [
    { PERSISTED_DOCUMENTS: fileWith('{}'), PERSISTED_DOCUMENTS_ONLY: 'true' },
    { persistedDocuments: { documents: new Map(), isExclusive: true } },
  ],
  [{ HOST: '0.0.0.0' }, { host: '0.0.0.0', isLocal: false, graphiql: false, introspection: false }],
  [
    { HOST: '0.0.0.0', GRAPHIQL: 'true', INTROSPECTION: 'true' },
    { host: '0.0.0.0', isLocal: false, graphiql: true, introspection: true },
  ],
  [
    { GRAPHIQL: 'false', INTROSPECTION: 'false' },
    { graphiql: false, introspection: false },
  ],
  [{ LOG_LEVEL: 'warn', GATEWAY_AUTH: ' none ' }, { logLevel: 'warn' }],
  [{ LOG_SAMPLE: '0' }, { logSample: 0 }],
  [{ LOG_SAMPLE: '.05' }, { logSample: 0.05 }],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' },
    {
      traces: {
        endpoint: 'http://collector:4318',
        headers: {},
        serviceName: 'callbell-graphql',
        sampleRatio: 1,
      },
    },
  ],
  [
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example/base',
      OTEL_EXPORTER_OTLP_HEADERS: 'Api-Key=a%3Db%2C, x-other = c=d ,',
      OTEL_SERVICE_NAME: 'contacts',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    },
    {
      traces: {
        endpoint: 'https://otlp.example/base',
        headers: { 'api-key': 'a=b,', 'x-other': 'c=d' },
        serviceName: 'contacts',
        sampleRatio: 0.25,
      },
    },
  ],
  [{ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `${key},` }, { auth: { ...none, apiKeys: [web] } }],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: keysFile },
    { auth: { ...none, apiKeys: [report], apiKeysFile: keysFile } },
  ],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: markedKeysFile },
    { auth: { ...none, apiKeys: [report], apiKeysFile: markedKeysFile } },
  ],
  [jwt, { auth: { ...none, jwt: jwtSettings } }],
  [
    { ...jwt, GATEWAY_JWKS_URL: 'http://127.0.0.1:8080/keys' },
    { auth: { ...none, jwt: { ...jwtSettings, jwksUrl: 'http://127.0.0.1:8080/keys' } } },
  ],
  [
    { ...jwt, GATEWAY_AUTH: ' jwt , api-key,jwt', GATEWAY_API_KEYS: key, GATEWAY_API_KEYS_FILE: keysFile },
    { auth: { apiKeys: [web, report], apiKeysFile: keysFile, jwt: jwtSettings } },
  ],
  [
    { CALLBELL_API_TOKEN: 'abc', HOST: '::', GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: key },
    {
      ...real,
      callbell: { url, token: 'abc' },
      host: '::',
      isLocal: false,
      auth: { ...none, apiKeys: [web] },
      graphiql: false,
      introspection: false,
    },
  ],
])('%j is valid, and has its settings', (variables, expected) => {
  expect(readConfig(variables)).toEqual({ ...defaults, ...expected })
})

test('.env.example lists every variable that is read', () => {
  const example = readFileSync('.env.example', 'utf8')
  const listed = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  const read = [...Object.keys(environmentSchema.shape), ...Object.keys(authenticationVariables)]
  expect(new Set(listed)).toEqual(new Set(read))
})
