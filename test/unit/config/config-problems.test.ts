/** Invalid configurations, with the exact message of each problem. */
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { readAuthentication } from '../../../src/config/authentication.ts'
import { ConfigError, readConfig } from '../../../src/config/config.ts'
import { digest, fileWith, jwt, key } from '../../support/configuration.ts'

const invalidAuth = (text: string): string =>
  `GATEWAY_AUTH must be none, api-key, jwt, or api-key,jwt, but is "${text}"`
const unused = (name: string, method: string): string =>
  `${name} is set, but GATEWAY_AUTH does not include ${method}. Add ${method} to GATEWAY_AUTH, or remove ${name}`
const noKey =
  'GATEWAY_AUTH=api-key requires a key in GATEWAY_API_KEYS or GATEWAY_API_KEYS_FILE (name:sha256-hex)'
const openToNetwork = (host: string): string =>
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
    'capacitor://localhost/',
    'capacitor://localhost/index.html',
    'capacitor://localhost:99999',
    'capacitor://localhost:080',
    'capacitor://localhost?a',
    'capacitor://',
    'app:localhost',
    'app://*',
    'app://Localhost',
    'App://localhost',
    'ftp://localhost',
    'file://localhost',
  ].map((origin): [Record<string, string>, string[]] => [
    { CORS_ORIGINS: `https://good.example,${origin}` },
    [
      `CORS_ORIGINS must list exact origins such as https://app.example, without a path or a trailing slash, but contains "${origin}"`,
    ],
  ]),
  [
    { CORS_ORIGINS: 'app://user:secret@localhost' },
    [
      'CORS_ORIGINS must list exact origins such as https://app.example, without a path or a trailing slash, but contains one with an @',
    ],
  ],
  ...['a b', 'x-key: secret', '*', 'ü', 'x'.repeat(101)].map((name): [Record<string, string>, string[]] => [
    { CORS_ALLOWED_HEADERS: `x-tenant,${name}` },
    [
      'CORS_ALLOWED_HEADERS must list names of headers such as x-tenant, separated by commas, but item 2 is not one',
    ],
  ]),
  [
    { CORS_ALLOWED_HEADERS: Array.from({ length: 51 }, (_, index) => `x-${index}`).join() },
    ['CORS_ALLOWED_HEADERS must list at most 50 headers, but lists 51'],
  ],
  [
    { CORS_ALLOWED_HEADERS: 'Cookie,Sec-Fetch-Site,X-Forwarded-For,proxy-authorization,x-tenant' },
    ['cookie', 'sec-fetch-site', 'x-forwarded-for', 'proxy-authorization'].map(
      (name) =>
        `CORS_ALLOWED_HEADERS must not list ${name}: browsers or proxies set this header, and pages must not. Remove it`,
    ),
  ],
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
    { PERSISTED_DOCUMENTS: fileWith(text) },
    ['PERSISTED_DOCUMENTS must be a JSON object that maps ids to GraphQL documents'],
  ]),
  [
    { PERSISTED_DOCUMENTS: fileWith(Buffer.from('{}', 'utf16le')) },
    ['PERSISTED_DOCUMENTS must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8'],
  ],
  [
    { PERSISTED_DOCUMENTS: fileWith('{"a":"{"}') },
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
  [{ GATEWAY_AUTH: 'apikey' }, [invalidAuth('apikey')]],
  [{ GATEWAY_AUTH: 'none,jwt' }, [invalidAuth('none,jwt')]],
  [{ GATEWAY_AUTH: 'jwt,' }, [invalidAuth('jwt,')]],
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
    [unused('GATEWAY_API_KEYS', 'api-key'), openToNetwork('0.0.0.0')],
  ],
  [{ CALLBELL_API_TOKEN: 'abc', HOST: '0.0.0.0' }, [openToNetwork('0.0.0.0')]],
  [{ CALLBELL_API_TOKEN: 'abc', HOST: '127.evil.example' }, [openToNetwork('127.evil.example')]],
  [
    { CALLBELL_API_TOKEN: 'abc', HOST: '::', PORT: 'http', LOG_LEVEL: 'loud' },
    [
      'PORT must be a whole number from 0 to 65535, but is "http"',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"',
      openToNetwork('::'),
    ],
  ],
])('%j is refused, and every problem is reported', (variables, problems) => {
  expect(() => readConfig(variables)).toThrow(new ConfigError(problems))
})

test('keys in quotes are refused when they are reloaded', () => {
  expect(readAuthentication({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `"${key}"`, PORT: '"1"' })).toEqual({
    problems: [inQuotes('GATEWAY_API_KEYS')],
  })
})
