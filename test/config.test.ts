import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Config } from '../src/config.ts'
import { ConfigError, readConfig } from '../src/config.ts'

const defaults: Config = {
  callbell: null,
  timeoutMs: 10_000,
  maxRps: 300,
  settleMs: 2000,
  storeUrl: 'memory:',
  ttlMs: 86_400_000,
  host: '127.0.0.1',
  port: 4000,
  isLocal: true,
  corsOrigins: [],
  graphiql: true,
  introspection: true,
  logLevel: 'info',
}
/** With a token, keys are remembered across restarts. */
const real = { storeUrl: 'sqlite:data/gateway.db' }
const url = 'https://api.callbell.eu/v1'

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
  [{ HOST: '0.0.0.0' }, { host: '0.0.0.0', isLocal: false, graphiql: false, introspection: false }],
  [
    { HOST: '0.0.0.0', GRAPHIQL: 'true', INTROSPECTION: 'true' },
    { host: '0.0.0.0', isLocal: false, graphiql: true, introspection: true },
  ],
  [
    { GRAPHIQL: 'false', INTROSPECTION: 'false' },
    { graphiql: false, introspection: false },
  ],
  [{ LOG_LEVEL: 'warn', GATEWAY_AUTH: 'none' }, { logLevel: 'warn' }],
])('%j is read', (variables, expected) => {
  expect(readConfig(variables)).toEqual({ ...defaults, ...expected })
})

const openDoor = (host: string): string =>
  `HOST is "${host}", which others can reach, and callers are not authenticated: with CALLBELL_API_TOKEN set, anyone could write into the account. Set HOST to 127.0.0.1 and put an authenticating proxy in front`
const tokenForm =
  'CALLBELL_API_TOKEN must be printable ASCII text without spaces (its value is not shown here)'

test.each<[Record<string, string>, string[]]>([
  [{ CALLBELL_API_TOKEN: 'a b' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'Bearer ' }, [tokenForm]],
  [{ CALLBELL_API_TOKEN: 'a\nb' }, [tokenForm]],
  [{ CALLBELL_API_URL: 'callbell' }, ['CALLBELL_API_URL must be a URL such as https://api.callbell.eu/v1']],
  [
    { CALLBELL_API_URL: 'http://api.callbell.eu/v1' },
    ['CALLBELL_API_URL must start with https:// (http:// is for loopback addresses only)'],
  ],
  [
    { CALLBELL_API_URL: 'https://user:secret@api.callbell.eu/v1' },
    ['CALLBELL_API_URL must have no credentials, query or fragment'],
  ],
  [
    { STORE_URL: 'postgres://user:secret@host' },
    ['STORE_URL must be memory:, sqlite:<file> or redis://<host> (its value is not shown here)'],
  ],
  [{ PORT: '65536' }, ['PORT must be a whole number from 0 to 65535, but is "65536"']],
  [{ PORT: '-1' }, ['PORT must be a whole number from 0 to 65535, but is "-1"']],
  [
    { CALLBELL_TIMEOUT_MS: '10s' },
    ['CALLBELL_TIMEOUT_MS must be a whole number from 1 to 300000, but is "10s"'],
  ],
  [{ GRAPHIQL: 'yes' }, ['GRAPHIQL must be one of true, false, but is "yes"']],
  [{ INTROSPECTION: '1' }, ['INTROSPECTION must be one of true, false, but is "1"']],
  [
    { LOG_LEVEL: 'loud' },
    ['LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"'],
  ],
  [
    { GATEWAY_AUTH: 'api-key' },
    ['GATEWAY_AUTH must be none, the only one that this version knows, but is "api-key"'],
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

test('.env.example lists every variable that is read', () => {
  const example = readFileSync('.env.example', 'utf8')
  const listed = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  const source = readFileSync('src/config.ts', 'utf8')
  const read = [...source.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name)
  expect(new Set(listed)).toEqual(new Set(read))
})
