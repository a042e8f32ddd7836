import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Scope } from '../../../src/domain/caller.ts'
import type { Config } from '../../../src/config/config.ts'
import { readAuthentication } from '../../../src/config/authentication.ts'
import { ConfigError, environmentSchema, readConfig } from '../../../src/config/config.ts'
import { authenticationVariables } from '../../../src/config/authentication-variables.ts'
import type { ApiKey } from '../../../src/http/auth/api-key.ts'

const none = { apiKeys: null, apiKeysFile: null, jwt: null }
const defaults: Config = {
  callbell: null,
  timeoutMs: 10_000,
  maxRps: 300,
  resendAfterMs: 60_000,
  storeUrl: 'memory:',
  ttlMs: 86_400_000,
  callerStoreBytes: 64_000_000,
  host: '127.0.0.1',
  port: 4000,
  drainDelayMs: 0,
  workers: 1,
  isLocal: true,
  corsOrigins: [],
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

/** @returns the path of a file with this content */
function persisted(text: string | Buffer): string {
  const file = join(mkdtempSync(join(tmpdir(), 'documents-')), 'persisted-documents.json')
  writeFileSync(file, text)
  return file
}

function fileWith(text: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'config-')), 'file')
  writeFileSync(path, text)
  return path
}

const digest = (byte: string): string => byte.repeat(32)
const key = `web:${digest('ab')}`
const apiKey = (name: string, byte: string, ...scopes: Scope[]): ApiKey => ({
  name,
  digest: Buffer.from(digest(byte), 'hex'),
  scopes: new Set(scopes),
})
const web = apiKey('web', 'ab', 'contacts:read', 'contacts:write')
const keysFile = fileWith(`# rotated yearly\n\nreport:${digest('cd')}:read\n`)
const markedKeysFile = fileWith(`\uFEFFreport:${digest('cd')}:read\r\n`)
const report = apiKey('report', 'cd', 'contacts:read')
const jwt = {
  GATEWAY_AUTH: 'jwt',
  GATEWAY_JWKS_URL: 'https://issuer.example/keys?p=1',
  GATEWAY_JWT_ISSUER: 'https://issuer.example/',
  GATEWAY_JWT_AUDIENCE: 'gateway',
}
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
    { STORE_URL: 'redis://10.0.0.1:6379', IDEMPOTENCY_TTL_HOURS: '1' },
    { storeUrl: 'redis://10.0.0.1:6379', ttlMs: 3_600_000 },
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
  [{ GATEWAY_CALLER_RPS: '0' }, { callerRps: 0 }],
  [{ GATEWAY_CALLER_STORE_MB: '0' }, { callerStoreBytes: 0 }],
  [{ GATEWAY_CALLER_STORE_MB: '200' }, { callerStoreBytes: 200_000_000 }],
  [
    { PERSISTED_DOCUMENTS: persisted('{"a":"{__typename}"}') },
    { persistedDocuments: { documents: new Map([['a', '{__typename}']]), isExclusive: false } },
  ],
  [
    { PERSISTED_DOCUMENTS: persisted('\uFEFF{"a":"{__typename}"}') },
    { persistedDocuments: { documents: new Map([['a', '{__typename}']]), isExclusive: false } },
  ],
  [
    { PERSISTED_DOCUMENTS: persisted('{}'), PERSISTED_DOCUMENTS_ONLY: 'true' },
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
])('%j is read', (variables, expected) => {
  expect(readConfig(variables)).toEqual({ ...defaults, ...expected })
})

const authWords = (text: string): string =>
  `GATEWAY_AUTH must be none, api-key, jwt, or api-key,jwt, but is "${text}"`
const unused = (name: string, method: string): string =>
  `${name} is set, but GATEWAY_AUTH does not include ${method}. Add ${method} to GATEWAY_AUTH, or remove ${name}`
const noKey =
  'GATEWAY_AUTH=api-key requires a key in GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE (name:sha256-hex)'
const openDoor = (host: string): string =>
  `HOST is "${host}", which other machines can reach, and GATEWAY_AUTH is none: with CALLBELL_API_TOKEN set, anyone could write into the account. Set GATEWAY_AUTH to api-key (with GATEWAY_API_KEYS) or jwt, or set HOST to 127.0.0.1`
const tokenForm =
  'CALLBELL_API_TOKEN must consist of printable ASCII characters without spaces (its value is not shown here)'

const inQuotes = (name: string): string =>
  `${name} must not be in quotes: docker --env-file keeps them as part of the value. Remove them`
const quoteAtEnd =
  'CALLBELL_API_TOKEN must not start or end with a quote. Remove it (its value is not shown here)'

test.each<[Record<string, string>, string[]]>([
  [{ CALLBELL_API_TOKEN: 'a b' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'a\tb' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'a\u00A0b' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'Bearer ' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'a\nb' }, [tokenForm]],
  ...['"abc"', "'abc'", ' "Bearer abc" ', '""', '"'.repeat(3)].map(
    (text): [Record<string, string>, string[]] => [
      { CALLBELL_API_TOKEN: text },
      [inQuotes('CALLBELL_API_TOKEN'), ...(text === '"""' ? [quoteAtEnd] : [])],
    ],
  ),
  ...['Bearer "abc"', '"abc', "abc'", '`abc`', '"'].map((text): [Record<string, string>, string[]] => [
    { CALLBELL_API_TOKEN: text },
    [quoteAtEnd],
  ]),
  [
    {
      CALLBELL_API_TOKEN: '"abc"',
      CALLBELL_API_URL: "'https://api.callbell.eu/v1'",
      STORE_URL: '"redis://user:secret@host"',
      HOST: '"0.0.0.0"',
      PORT: "'http'",
      LOG_LEVEL: '"info"',
      GATEWAY_AUTH: '"api-key"',
      GATEWAY_API_KEYS: `"${key}"`,
    },
    [
      ...['CALLBELL_API_TOKEN', 'CALLBELL_API_URL', 'STORE_URL', 'HOST', 'PORT', 'LOG_LEVEL'].map(inQuotes),
      'PORT must be a whole number from 0 to 65535, but is "http"',
      ...['GATEWAY_AUTH', 'GATEWAY_API_KEYS'].map(inQuotes),
    ],
  ],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `'a:${digest('01')}','b:${digest('02')}'` },
    [
      inQuotes('GATEWAY_API_KEYS'),
      'GATEWAY_API_KEYS item 1 must not be in quotes. Remove them',
      'GATEWAY_API_KEYS item 2 must not be in quotes. Remove them',
    ],
  ],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: fileWith(`\n"${key}"\n`) },
    ['GATEWAY_API_KEYS_FILE line 2 must not be in quotes. Remove them'],
  ],
  [{ CALLBELL_API_URL: 'callbell' }, ['CALLBELL_API_URL must be a URL such as https://api.callbell.eu/v1']],
  [
    { CALLBELL_API_URL: 'http://api.callbell.eu/v1' },
    ['CALLBELL_API_URL must start with https://. Only loopback addresses may use http://'],
  ],
  [
    { CALLBELL_API_URL: 'https://user:secret@api.callbell.eu/v1' },
    ['CALLBELL_API_URL must not contain credentials, a query or a fragment. Remove them'],
  ],
  [
    { STORE_URL: 'postgres://user:secret@host' },
    [
      'STORE_URL must be memory:, sqlite:<file>, redis://<host> or rediss://<host> (its value is not shown here)',
    ],
  ],
  ...['sqlite://data/x.db', 'sqlite:///data/x.db'].map((text): [Record<string, string>, string[]] => [
    { STORE_URL: text },
    [
      'STORE_URL must name its file directly after sqlite:, as sqlite:data/gateway.db or sqlite:/data/gateway.db. Remove the two slashes',
    ],
  ]),
  ...['2', '-0.1', '1.5', 'x', '1e-3', '50%'].map((text): [Record<string, string>, string[]] => [
    { LOG_SAMPLE: text },
    [`LOG_SAMPLE must be a number from 0 to 1, but is "${text}"`],
  ]),
  ...['localhost:4318', 'grpc://collector:4317', 'collector', 'http://c:4318/?k=secret', 'http://'].map(
    (text): [Record<string, string>, string[]] => [
      { OTEL_EXPORTER_OTLP_ENDPOINT: text },
      [
        'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://localhost:4318, without a query or a fragment (its value is not shown here)',
      ],
    ],
  ),
  ...['secret', 'a b=secret', 'a=%zz'].map((text): [Record<string, string>, string[]] => [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: text },
    [
      'OTEL_EXPORTER_OTLP_HEADERS must list headers as name=value, percent-encoded, separated by commas (its value is not shown here)',
    ],
  ]),
  [{ PORT: '65536' }, ['PORT must be a whole number from 0 to 65535, but is "65536"']],
  ...['0', '129', '1.5', 'all'].map((text): [Record<string, string>, string[]] => [
    { GATEWAY_WORKERS: text },
    [`GATEWAY_WORKERS must be a whole number from 1 to 128, or auto, but is "${text}"`],
  ]),
  ...[{}, { CALLBELL_API_TOKEN: 't' }, { STORE_URL: 'memory:' }, { STORE_URL: 'sqlite:keys.db' }].map(
    (others): [Record<string, string>, string[]] => [
      { GATEWAY_WORKERS: '3', ...others },
      [
        'GATEWAY_WORKERS is 3, but STORE_URL does not name a Redis: workers share idempotency keys and rate limits through Redis only. Set STORE_URL to redis://<host>, or GATEWAY_WORKERS to 1',
      ],
    ],
  ),
  [{ PORT: '-1' }, ['PORT must be a whole number from 0 to 65535, but is "-1"']],
  [
    { CALLBELL_TIMEOUT_MS: '10s' },
    ['CALLBELL_TIMEOUT_MS must be a whole number of milliseconds from 1 to 300000, but is "10s"'],
  ],
  ...[
    '*',
    'https://*.app.example',
    'https://app.example/',
    'https://app.example/path',
    'app.example',
    'null',
    'https://APP.example',
    'https://app.example:443',
    'file://',
    'ws://app.example',
  ].map((origin): [Record<string, string>, string[]] => [
    { CORS_ORIGINS: `https://good.example,${origin}` },
    [
      `CORS_ORIGINS must list exact origins such as https://app.example, without a path or a trailing slash, but contains "${origin}"`,
    ],
  ]),
  [
    { GATEWAY_CALLER_STORE_MB: '1.5' },
    ['GATEWAY_CALLER_STORE_MB must be a whole number of megabytes from 0 to 1000000, but is "1.5"'],
  ],
  [
    { GATEWAY_CALLER_RPS: '-1' },
    ['GATEWAY_CALLER_RPS must be a whole number of calls from 0 to 100000, but is "-1"'],
  ],
  [
    { PERSISTED_DOCUMENTS: '/nowhere/documents.json' },
    ['PERSISTED_DOCUMENTS cannot be read (ENOENT). Check the path of the file and its permissions'],
  ],
  [{ PERSISTED_DOCUMENTS: '/dev/zero' }, ['PERSISTED_DOCUMENTS must be a regular file, but is a device']],
  ...['', '[]', '{"a":1}', 'null', '"text"', '{'].map((text): [Record<string, string>, string[]] => [
    { PERSISTED_DOCUMENTS: persisted(text) },
    ['PERSISTED_DOCUMENTS must be a JSON object that maps ids to GraphQL documents'],
  ]),
  [
    { PERSISTED_DOCUMENTS: persisted(Buffer.from('{}', 'utf16le')) },
    ['PERSISTED_DOCUMENTS must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8'],
  ],
  [
    { PERSISTED_DOCUMENTS: persisted('{"a":"{"}') },
    ['PERSISTED_DOCUMENTS must map ids to GraphQL documents, but "a" has a syntax error'],
  ],
  [
    { PERSISTED_DOCUMENTS_ONLY: 'true' },
    ['PERSISTED_DOCUMENTS_ONLY=true requires PERSISTED_DOCUMENTS, the file of the documents that may run'],
  ],
  [{ GRAPHIQL: 'yes' }, ['GRAPHIQL must be true or false, but is "yes"']],
  [{ INTROSPECTION: '1' }, ['INTROSPECTION must be true or false, but is "1"']],
  [
    { LOG_LEVEL: 'loud' },
    ['LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"'],
  ],
  [{ GATEWAY_AUTH: 'apikey' }, [authWords('apikey')]],
  [{ GATEWAY_AUTH: 'none,jwt' }, [authWords('none,jwt')]],
  [{ GATEWAY_AUTH: 'jwt,' }, [authWords('jwt,')]],
  [{ GATEWAY_AUTH: 'api-key' }, [noKey]],
  [{ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: ' , ' }, [noKey]],
  [{ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: fileWith('# none yet\n') }, [noKey]],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: '/nowhere/keys' },
    ['GATEWAY_API_KEYS_FILE cannot be read (ENOENT). Check the path of the file and its permissions'],
  ],
  [
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: 'web:secret', GATEWAY_API_KEYS_FILE: tmpdir() },
    [
      'GATEWAY_API_KEYS_FILE must be a regular file, but is a directory',
      'GATEWAY_API_KEYS item 1 must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself',
    ],
  ],
  [
    { GATEWAY_AUTH: 'jwt' },
    [
      'GATEWAY_AUTH=jwt requires GATEWAY_JWKS_URL',
      'GATEWAY_AUTH=jwt requires GATEWAY_JWT_ISSUER',
      'GATEWAY_AUTH=jwt requires GATEWAY_JWT_AUDIENCE',
    ],
  ],
  [{ ...jwt, GATEWAY_JWT_AUDIENCE: '' }, ['GATEWAY_AUTH=jwt requires GATEWAY_JWT_AUDIENCE']],
  [
    { ...jwt, GATEWAY_JWKS_URL: 'issuer' },
    ['GATEWAY_JWKS_URL must be a URL such as https://issuer.example/.well-known/jwks.json'],
  ],
  [
    { ...jwt, GATEWAY_JWKS_URL: 'https://user:secret@issuer.example' },
    ['GATEWAY_JWKS_URL must not contain credentials. Remove them'],
  ],
  [
    { ...jwt, GATEWAY_JWKS_URL: 'http://issuer.example' },
    ['GATEWAY_JWKS_URL must start with https://. Only loopback addresses may use http://'],
  ],
  [
    { GATEWAY_API_KEYS: 'x', GATEWAY_API_KEYS_FILE: 'x' },
    [unused('GATEWAY_API_KEYS', 'api-key'), unused('GATEWAY_API_KEYS_FILE', 'api-key')],
  ],
  [{ ...jwt, GATEWAY_API_KEYS: key }, [unused('GATEWAY_API_KEYS', 'api-key')]],
  [
    { ...jwt, GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: key },
    [
      unused('GATEWAY_JWKS_URL', 'jwt'),
      unused('GATEWAY_JWT_ISSUER', 'jwt'),
      unused('GATEWAY_JWT_AUDIENCE', 'jwt'),
    ],
  ],
  [
    { CALLBELL_API_TOKEN: 'abc', HOST: '0.0.0.0', GATEWAY_API_KEYS: key },
    [unused('GATEWAY_API_KEYS', 'api-key'), openDoor('0.0.0.0')],
  ],
  [{ CALLBELL_API_TOKEN: 'abc', HOST: '0.0.0.0' }, [openDoor('0.0.0.0')]],
  [{ CALLBELL_API_TOKEN: 'abc', HOST: '127.evil.example' }, [openDoor('127.evil.example')]],
  [
    { CALLBELL_API_TOKEN: 'abc', HOST: '::', PORT: 'http', LOG_LEVEL: 'loud' },
    [
      'PORT must be a whole number from 0 to 65535, but is "http"',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"',
      openDoor('::'),
    ],
  ],
])('%j is refused, every problem by name', (variables, problems) => {
  expect(() => readConfig(variables)).toThrow(new ConfigError(problems))
})

test('keys in quotes are refused when they are read again, too', () => {
  expect(readAuthentication({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `"${key}"`, PORT: '"1"' })).toEqual({
    problems: [inQuotes('GATEWAY_API_KEYS')],
  })
})

test('.env.example lists every variable that is read', () => {
  const example = readFileSync('.env.example', 'utf8')
  const listed = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  const read = [...Object.keys(environmentSchema.shape), ...Object.keys(authenticationVariables)]
  expect(new Set(listed)).toEqual(new Set(read))
})
