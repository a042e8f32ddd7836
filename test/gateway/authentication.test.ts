import { createHash, randomUUID } from 'node:crypto'
import { base64url } from 'jose'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { Scope } from '../../src/domain/caller.ts'
import { addressBucket } from '../../src/http/auth/address-bucket.ts'
import type { ApiKeySources } from '../../src/config/api-keys.ts'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import type { Authentication, AuthenticateOptions } from '../../src/http/auth/authenticate.ts'
import { createAuthenticate } from '../../src/http/auth/authenticate.ts'
import type { JwtOptions } from '../../src/http/auth/jwt.ts'
import { listen } from '../../src/listen.ts'
import type { Issuer } from '../support/issuer.ts'
import { createKey, sign, startIssuer } from '../support/issuer.ts'

const both: readonly Scope[] = ['contacts:read', 'contacts:write']

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function keysOf(sources: Partial<ApiKeySources>) {
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: '', GATEWAY_API_KEYS_FILE: '', ...sources })
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'))
  return parsed.keys
}

function known(name: string, scopes: readonly Scope[] = both, bucket = name): Authentication {
  return { caller: { name, bucket, scopes: new Set(scopes) } }
}

const refused = (reason: string): Authentication => ({ failure: 'UNAUTHENTICATED', reason })
const unavailable = (reason: string): Authentication => ({
  failure: 'AUTHENTICATION_UNAVAILABLE',
  reason: `the key set is not usable: ${reason}`,
})

/** Authenticates a request with these headers. */
async function ask(
  options: Partial<AuthenticateOptions>,
  headers: Record<string, string>,
): Promise<Authentication> {
  return createAuthenticate({ apiKeys: null, jwt: null, ...options })(new Headers(headers), '192.0.2.1')
}

test('without authentication, every caller is `anyone`, with a bucket for its address', async () => {
  expect(await ask({}, { 'x-api-key': 'whatever', authorization: 'Basic eDp5' })).toEqual(
    known('anyone', [...both, 'metrics:read'], 'address:192.0.2.1'),
  )
})

test.each([
  ['192.0.2.1', 'address:192.0.2.1'],
  ['::ffff:192.0.2.1', 'address:192.0.2.1'],
  ['::FFFF:c000:0201', 'address:192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', 'address:2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', 'address:2001:db8:1:2::/64'],
  ['2001:DB8::6', 'address:2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'address:fe80:0:0:0::/64'],
  ['::1', 'address:0:0:0:0::/64'],
  [undefined, 'address:unknown'],
  ['nonsense', 'address:unknown'],
])('the address %s has the bucket %s', (address, bucket) => {
  expect(addressBucket(address)).toBe(bucket)
})

const web = 'k3y-of-the-web-shop'
const old = 'k3y-of-the-web-shop-before'
const report = 'k3y-of-the-report'
const form = 'k3y-of-the-form é'
const apiKeys = keysOf({
  GATEWAY_API_KEYS: `web:${digestOf(web)}, web:${digestOf(old).toUpperCase()},`,
  GATEWAY_API_KEYS_FILE: `\uFEFF# the others\r\n\r\nreport:${digestOf(report)}:read\r\n form:${digestOf(form)}:write `,
})
/** As Node decodes a header: each byte of its UTF-8 is a character. */
const formInHeader = Buffer.from(form).toString('latin1')

test.each<[Record<string, string>, Authentication]>([
  [{ 'x-api-key': web }, known('key:web')],
  [{ 'x-api-key': old }, known('key:web')],
  [{ 'x-api-key': report }, known('key:report', ['contacts:read'])],
  [{ 'x-api-key': formInHeader }, known('key:form', ['contacts:write'])],
  [{ authorization: `Bearer ${web}` }, known('key:web')],
  [{ authorization: `bearer  ${web}` }, known('key:web')],
  [{ 'x-api-key': web, authorization: 'Basic eDp5' }, known('key:web')],
  [{}, refused('no credentials')],
  [{ 'x-api-key': '', authorization: '' }, refused('no credentials')],
  [{ 'x-api-key': 'wrong' }, refused('unknown API key')],
  [{ 'x-api-key': 'wrong', authorization: `Bearer ${web}` }, refused('unknown API key')],
  [{ 'x-api-key': web.slice(0, -1) }, refused('unknown API key')],
  [{ 'x-api-key': `${web}x` }, refused('unknown API key')],
  [{ 'x-api-key': digestOf(web) }, refused('unknown API key')],
  [{ 'x-api-key': 'web' }, refused('unknown API key')],
  [{ authorization: 'Bearer a.b.c' }, refused('unknown API key')],
  [{ authorization: 'Bearer' }, refused('the authorization header is not a Bearer token')],
  [{ authorization: `Basic ${web}` }, refused('the authorization header is not a Bearer token')],
  [
    { authorization: `Bearer ${web}, Bearer ${web}` },
    refused('the authorization header is not a Bearer token'),
  ],
  [{ 'x-api-key': 'x'.repeat(8193) }, refused('the credentials have more than 8192 bytes')],
  [{ authorization: `Bearer ${'x'.repeat(8186)}` }, refused('the credentials have more than 8192 bytes')],
  [{ 'x-api-key': 'x'.repeat(8192) }, refused('unknown API key')],
])('with API keys, the headers %j are authenticated', async (headers, expected) => {
  expect(await ask({ apiKeys: () => apiKeys }, headers)).toEqual(expected)
})

const name = 'must start with a name of 1 to 64 characters out of A-Z, a-z, 0-9, ".", "_" and "-"'
const digest = 'must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself'
const end = 'must end after the digest, or with :read, :write or :metrics'
const hex = digestOf(web)

test.each<[Partial<ApiKeySources>, string[]]>([
  [{ GATEWAY_API_KEYS: web }, [`GATEWAY_API_KEYS item 1 ${digest}`]],
  [{ GATEWAY_API_KEYS: `web:${web}` }, [`GATEWAY_API_KEYS item 1 ${digest}`]],
  [{ GATEWAY_API_KEYS: `web:${hex}0` }, [`GATEWAY_API_KEYS item 1 ${digest}`]],
  [{ GATEWAY_API_KEYS: `web:${hex.slice(1)}` }, [`GATEWAY_API_KEYS item 1 ${digest}`]],
  [{ GATEWAY_API_KEYS: hex }, [`GATEWAY_API_KEYS item 1 ${digest}`]],
  [{ GATEWAY_API_KEYS: `:${hex}` }, [`GATEWAY_API_KEYS item 1 ${name}`]],
  [{ GATEWAY_API_KEYS: `web shop:${hex}` }, [`GATEWAY_API_KEYS item 1 ${name}`]],
  [{ GATEWAY_API_KEYS: `${'x'.repeat(65)}:${hex}` }, [`GATEWAY_API_KEYS item 1 ${name}`]],
  [{ GATEWAY_API_KEYS: `web:${hex}:admin` }, [`GATEWAY_API_KEYS item 1 ${end}`]],
  [{ GATEWAY_API_KEYS: `web:${hex}:` }, [`GATEWAY_API_KEYS item 1 ${end}`]],
  [{ GATEWAY_API_KEYS: `web:${hex}:read:write` }, [`GATEWAY_API_KEYS item 1 ${end}`]],
  [
    {
      GATEWAY_API_KEYS: `,web:${hex},a:b`,
      GATEWAY_API_KEYS_FILE: `# web:${web}\n\nweb:${hex.toUpperCase()}:read\nok:${digestOf('ok')}\n${web}`,
    },
    [
      `GATEWAY_API_KEYS item 3 ${digest}`,
      'GATEWAY_API_KEYS_FILE line 3 is the same key as GATEWAY_API_KEYS item 2. Remove one of them',
      `GATEWAY_API_KEYS_FILE line 5 ${digest}`,
    ],
  ],
])('%j is not a valid list of keys, and no problem quotes it', (sources, problems) => {
  expect(parseApiKeys({ GATEWAY_API_KEYS: '', GATEWAY_API_KEYS_FILE: '', ...sources })).toEqual({ problems })
})

test('a removed key is refused', async () => {
  let keys = apiKeys
  const authenticate = createAuthenticate({ apiKeys: () => keys, jwt: null })
  const headers = new Headers({ 'x-api-key': web })
  expect(await authenticate(headers, undefined)).toEqual(known('key:web'))
  keys = keys.filter((key) => key.digest.toString('hex') !== hex)
  expect(await authenticate(headers, undefined)).toEqual(refused('unknown API key'))
})

const rsa = await createKey('RS256', 'rsa')
const ec = await createKey('ES256', 'ec')
const ed = await createKey('EdDSA', 'ed')
const issuerName = 'https://issuer.example/'
const audience = 'https://gateway.example'
const now = (): number => Math.floor(Date.now() / 1000)
type Claims = Readonly<Record<string, unknown>>
const claims = (changes: Claims = {}): Claims => ({
  iss: issuerName,
  aud: audience,
  sub: 'ada',
  exp: now() + 60,
  scope: both.join(' '),
  ...changes,
})
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** No test requests the key set a second time. */
const untilTomorrow = { cooldownMs: 86_400_000 }

function jwtOptions(url: string, timing: Partial<JwtOptions> = untilTomorrow): Partial<AuthenticateOptions> {
  return { jwt: { jwksUrl: url, issuer: issuerName, audience, ...timing } }
}

test.each([rsa, ec, ed])('a token that is signed with $alg names its caller', async (key) => {
  const issuer = await startIssuer(rsa, ec, ed)
  expect(await ask(jwtOptions(issuer.url), bearer(await sign(key, claims())))).toEqual(known('jwt:ada'))
})

/** How a token differs from a valid one, and the result. */
test.each<[string, () => Claims, Authentication]>([
  ['expired', () => ({ exp: now() - 10 }), refused('the token has expired')],
  ['just expired on the gateway’s clock', () => ({ exp: now() - 1 }), known('jwt:ada')],
  ['not yet valid', () => ({ nbf: now() + 30 }), refused('the token is not yet valid')],
  ['valid soon on the gateway’s clock', () => ({ nbf: now() + 2 }), known('jwt:ada')],
  ['without an expiry', () => ({ exp: undefined }), refused('the token has no exp')],
  ['of another issuer', () => ({ iss: 'https://issuer.example' }), refused('wrong issuer')],
  ['without an issuer', () => ({ iss: undefined }), refused('the token has no iss')],
  ['for another audience', () => ({ aud: 'https://else.example' }), refused('wrong audience')],
  ['for several audiences', () => ({ aud: ['https://else.example', audience] }), known('jwt:ada')],
  ['without an audience', () => ({ aud: undefined }), refused('the token has no aud')],
  ['without a subject', () => ({ sub: undefined }), refused('the token has no sub')],
  ['with an empty subject', () => ({ sub: '' }), refused("the token's sub is malformed")],
  ['with a long subject', () => ({ sub: 'x'.repeat(255) }), known(`jwt:${'x'.repeat(255)}`)],
  ['with a subject of 255 emoji', () => ({ sub: '😀'.repeat(255) }), known(`jwt:${'😀'.repeat(255)}`)],
  ['with a longer subject', () => ({ sub: 'x'.repeat(256) }), refused("the token's sub is malformed")],
  ['with a line break', () => ({ sub: 'ada\nroot' }), refused("the token's sub is malformed")],
  ['with reversed text', () => ({ sub: 'ada\u202Etoor' }), refused("the token's sub is malformed")],
  ['with an invisible character', () => ({ sub: 'a\u200Bda' }), refused("the token's sub is malformed")],
  ['with a line separator', () => ({ sub: 'ada\u2028root' }), refused("the token's sub is malformed")],
  ['with a lone surrogate', () => ({ sub: 'ada\uD83D' }), refused("the token's sub is malformed")],
  ['without scopes', () => ({ scope: undefined }), known('jwt:ada', [])],
  ['with other scopes', () => ({ scope: 'contacts:reader openid' }), known('jwt:ada', [])],
  ['that may read', () => ({ scope: 'openid contacts:read' }), known('jwt:ada', ['contacts:read'])],
  [
    'with scp as a string',
    () => ({ scope: undefined, scp: 'contacts:write' }),
    known('jwt:ada', ['contacts:write']),
  ],
  ['with scp as a list', () => ({ scope: undefined, scp: [...both, 7] }), known('jwt:ada')],
  ['with scopes as a list', () => ({ scope: undefined, scopes: both }), known('jwt:ada')],
  ['with invalid scopes', () => ({ scope: 7, scp: { 'contacts:read': true } }), known('jwt:ada', [])],
])('a token %s is accepted or refused with its reason', async (_difference, changes, expected) => {
  const issuer = await startIssuer(rsa, ec)
  const token = await sign(ec, claims(changes()))
  expect(await ask(jwtOptions(issuer.url), bearer(token))).toEqual(expected)
})

const encode = (value: unknown): string => base64url.encode(JSON.stringify(value))

/** Tokens without a valid signature. */
test.each<[string, () => string | Promise<string>, string]>([
  [
    'an unsigned token',
    () => `${encode({ alg: 'none' })}.${encode(claims())}.`,
    'the algorithm is not allowed',
  ],
  [
    'the public key as a secret',
    () =>
      sign(
        { alg: 'HS256', jwk: rsa.jwk, privateKey: new TextEncoder().encode(JSON.stringify(rsa.jwk)) },
        claims(),
      ),
    'the algorithm is not allowed',
  ],
  ['an unknown key id', async () => sign(await createKey('ES256', 'stranger'), claims()), 'unknown key id'],
  ['a known id, another key', async () => sign(await createKey('ES256', 'ec'), claims()), 'wrong signature'],
  ['a known id, another algorithm', async () => sign({ ...ec, jwk: rsa.jwk }, claims()), 'unknown key id'],
  [
    'claims that were changed after signing',
    async () => {
      const [header, , signature] = (await sign(ec, claims())).split('.')
      return `${header}.${encode(claims({ sub: 'root' }))}.${signature}`
    },
    'wrong signature',
  ],
  [
    'an unknown critical header',
    () => `${encode({ alg: 'ES256', kid: 'ec', crit: ['x'], x: 1 })}.${encode(claims())}.AAAA`,
    'the token is malformed',
  ],
  ['a token that is not valid JSON', () => 'a.b.c', 'the token is malformed'],
  ['a token of two parts', () => 'a.b', 'the token is malformed'],
])('%s is refused', async (_what, forge, reason) => {
  const issuer = await startIssuer(rsa, ec)
  expect(await ask(jwtOptions(issuer.url), bearer(await forge()))).toEqual(refused(reason))
})

test('a token without a key id is verified with the only matching key, and refused if several match', async () => {
  const anonymous = await createKey('ES256')
  const issuer = await startIssuer(rsa, anonymous)
  const token = bearer(await sign(anonymous, claims()))
  expect(await ask(jwtOptions(issuer.url), token)).toEqual(known('jwt:ada'))
  issuer.publish(ec, anonymous)
  expect(await ask(jwtOptions(issuer.url), token)).toEqual(refused('no key id, and several keys match'))
})

test('the key set is requested once, even for many tokens and forged key ids', async () => {
  const issuer = await startIssuer(ec)
  const authenticate = createAuthenticate({ apiKeys: null, jwt: null, ...jwtOptions(issuer.url) })
  const good = new Headers(bearer(await sign(ec, claims())))
  const forgedTokens = await Promise.all(
    Array.from({ length: 20 }, () => sign({ ...ec, jwk: { kid: randomUUID() } }, claims())),
  )
  const forged = forgedTokens.map((token) => new Headers(bearer(token)))
  expect(await authenticate(good, undefined)).toEqual(known('jwt:ada'))
  const answers = await Promise.all(forged.map((headers) => authenticate(headers, undefined)))
  expect(answers).toEqual(answers.map(() => refused('unknown key id')))
  expect(await authenticate(good, undefined)).toEqual(known('jwt:ada'))
  expect(issuer.fetches()).toBe(1)
})

test('a new key of the issuer is found without a restart', async () => {
  const issuer = await startIssuer(ec)
  const options = jwtOptions(issuer.url, { cooldownMs: 0 })
  const authenticate = createAuthenticate({ apiKeys: null, jwt: null, ...options })
  const next = await createKey('ES256', 'next')
  const token = new Headers(bearer(await sign(next, claims())))
  expect(await authenticate(token, undefined)).toEqual(refused('unknown key id'))
  issuer.publish(ec, next)
  expect(await authenticate(token, undefined)).toEqual(known('jwt:ada'))
  const fetches = issuer.fetches()
  expect(await authenticate(token, undefined)).toEqual(known('jwt:ada'))
  expect(issuer.fetches()).toBe(fetches)
})

/** Answers that are not a key set. */
test.each<[string, Parameters<Issuer['answer']>[0], string]>([
  ['an error', (response) => response.writeHead(500).end('{"keys":[]}'), 'the issuer answered HTTP 500'],
  [
    'a redirect',
    (response) => response.writeHead(302, { location: '/' }).end(),
    'the issuer answered HTTP 302',
  ],
  [
    'garbage',
    (response) => response.end('<html>'),
    'Failed to parse the JSON Web Key Set HTTP response as JSON',
  ],
  ['a megabyte', (response) => response.end(' '.repeat(1_000_001)), 'the answer has more than 1000000 bytes'],
  ['other JSON', (response) => response.end('{"keys":7}'), 'JSON Web Key Set malformed'],
  [
    'an invalid key',
    (response) => response.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"ec","x":"AA","y":"AA"}]}'),
    'ERR_CRYPTO_INVALID_JWK',
  ],
  ['no response', () => undefined, 'request timed out'],
  ['an incomplete response', (response) => response.write('{"keys":['), 'request timed out'],
  ['a broken connection', (response) => response.destroy(), 'UND_ERR_SOCKET'],
])(
  '%s instead of the key set is AUTHENTICATION_UNAVAILABLE',
  async (_what, respond, reason) => {
    const issuer = await startIssuer()
    issuer.answer(respond)
    const answer = await ask(jwtOptions(issuer.url, { timeoutMs: 1000 }), bearer(await sign(ec, claims())))
    expect(answer).toEqual(unavailable(reason))
  },
  4000,
)

test('a failing issuer gets no request during the cooldown', async () => {
  const issuer = await startIssuer()
  issuer.answer((response) => response.writeHead(503).end())
  const authenticate = createAuthenticate({ apiKeys: null, jwt: null, ...jwtOptions(issuer.url) })
  const token = new Headers(bearer(await sign(ec, claims())))
  const reason = 'the issuer answered HTTP 503'
  expect(await authenticate(token, undefined)).toEqual(unavailable(reason))
  const later = unavailable(`${reason} (the gateway waits 86,400,000 ms between two requests)`)
  for (let call = 0; call < 3; call += 1) expect(await authenticate(token, undefined)).toEqual(later)
  expect(issuer.fetches()).toBe(1)
})

test('an issuer at a port that fetch blocks is reported with that reason', async () => {
  const token = bearer(await sign(ec, claims()))
  expect(await ask(jwtOptions('http://127.0.0.1:6000/jwks.json'), token)).toEqual(unavailable('bad port'))
})

test('callers are accepted again when the issuer is reachable again', async () => {
  const issuer = await startIssuer()
  issuer.answer((response) => response.destroy())
  const options = jwtOptions(issuer.url, { cooldownMs: 100 })
  const authenticate = createAuthenticate({ apiKeys: null, jwt: null, ...options })
  const token = new Headers(bearer(await sign(ec, claims())))
  expect(await authenticate(token, undefined)).toEqual(unavailable('UND_ERR_SOCKET'))
  issuer.publish(ec)
  await expect.poll(() => authenticate(token, undefined)).toEqual(known('jwt:ada'))
})

test('while the issuer is unreachable, only callers with a known key are accepted', async () => {
  const issuer = await startIssuer(ec)
  const options = jwtOptions(issuer.url, { cooldownMs: 0 })
  const authenticate = createAuthenticate({ apiKeys: null, jwt: null, ...options })
  const good = new Headers(bearer(await sign(ec, claims())))
  const unknownCaller = new Headers(bearer(await sign(await createKey('ES256', 'stranger'), claims())))
  expect(await authenticate(good, undefined)).toEqual(known('jwt:ada'))
  issuer.answer((response) => response.destroy())
  expect(await authenticate(unknownCaller, undefined)).toEqual(unavailable('UND_ERR_SOCKET'))
  expect(await authenticate(good, undefined)).toEqual(known('jwt:ada'))
})

test('an unreachable issuer is reported with its error', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  const token = bearer(await sign(ec, claims()))
  const url = `http://127.0.0.1:${port}/jwks.json`
  expect(await ask(jwtOptions(url), token)).toEqual(unavailable('ECONNREFUSED'))
})

test('with keys and tokens, the format of a Bearer token decides how it is authenticated', async () => {
  const issuer = await startIssuer(ec)
  const options = { apiKeys: () => apiKeys, ...jwtOptions(issuer.url) }
  const token = await sign(ec, claims())
  expect(await ask(options, { 'x-api-key': web })).toEqual(known('key:web'))
  expect(await ask(options, bearer(web))).toEqual(known('key:web'))
  expect(await ask(options, bearer(token))).toEqual(known('jwt:ada'))
  expect(await ask(options, { 'x-api-key': web, ...bearer(token) })).toEqual(known('key:web'))
  expect(await ask(options, { 'x-api-key': token })).toEqual(refused('unknown API key'))
  expect(await ask(options, bearer('a.b.c'))).toEqual(refused('the token is malformed'))
})

test('with tokens alone, a key is refused', async () => {
  const issuer = await startIssuer(ec)
  expect(await ask(jwtOptions(issuer.url), { 'x-api-key': web })).toEqual(refused('no credentials'))
  expect(await ask(jwtOptions(issuer.url), bearer(web))).toEqual(refused('the token is malformed'))
})
