/** An issuer of JWTs: a real server that publishes real keys. It is closed after the test. */
import type { CryptoKey, JWK } from 'jose'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/listen.ts'

export interface IssuerKey {
  readonly alg: string
  readonly privateKey: CryptoKey
  /** The published form. */
  readonly jwk: JWK
}

export interface Issuer {
  readonly url: string
  /** The number of requests for the key set. */
  fetches(): number
  /** Replaces the response to requests for the key set. */
  answer(respond: (response: ServerResponse) => void): void
  /** Publishes these keys. */
  publish(...keys: readonly IssuerKey[]): void
}

/** @param kid default: a key without an id */
export async function createKey(alg: string, kid?: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, use: 'sig', ...(kid && { kid }) } }
}

export async function startIssuer(...keys: readonly IssuerKey[]): Promise<Issuer> {
  let fetches = 0
  let respond = answerWith(keys)
  const server = createServer((_request, response) => {
    fetches += 1
    respond(response)
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    fetches: () => fetches,
    answer: (given) => (respond = given),
    publish: (...published) => (respond = answerWith(published)),
  }
}

/** Signs claims without checking them: a JWT may lack what its standard requires. Undefined claims are omitted. */
export async function sign(
  { alg, jwk: { kid }, privateKey }: Omit<IssuerKey, 'privateKey'> & { privateKey: CryptoKey | Uint8Array },
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg, ...(kid && { kid }) })
    .sign(privateKey)
}

function answerWith(keys: readonly IssuerKey[]) {
  return (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  }
}
