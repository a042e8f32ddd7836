/** A full store, and many edits of one contact. */
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { describe, expect, inject, test } from 'vitest'
import { followGateway } from '../../support/child-gateway.ts'
import { openSandbox, postsOf } from '../../support/counting-sandbox.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'
import { hasRedis, startRedis } from '../../support/redis-server.ts'
import { openTestStore } from '../../support/stores.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { many, upstreamRequests } from '../../support/attacks.ts'

const keyedCreate =
  'mutation($i:CreateContactInput!){createContact(input:$i){contact{name customFields{value}} replayed}}'
const largeValue = 'x'.repeat(90_000)
const twoCallers = ['attacker', 'honest'].map((name) => ({
  name,
  digest: hash('sha256', name, 'buffer'),
  scopes: new Set(['contacts:read', 'contacts:write'] as const),
}))
const authentication = { apiKeys: () => twoCallers }

async function createKeyed(url: string, caller: string, key: string | null, value = 'x'): Promise<object> {
  const i = {
    identifier: '+39 02 5',
    source: 'WHATSAPP',
    name: 'Ada',
    customFields: [{ name: 'Billing Address', value }],
    idempotencyKey: key,
  }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': caller },
    body: JSON.stringify({ query: keyedCreate, variables: { i } }),
  })
  return resultOf(await response.json())
}

function resultOf({
  data,
  errors,
}: {
  data?: Record<string, object>
  errors?: readonly [GraphqlError]
}): object {
  if (errors === undefined) return Object.values(data ?? {})[0] ?? {}
  const [{ message, extensions }] = errors
  return { message, ...extensions, requestId: undefined }
}

interface GraphqlError {
  readonly message: string
  readonly extensions: object
}

const created = (replayed: boolean, value = 'x') => ({
  contact: { name: 'Ada', customFields: [{ value }] },
  replayed,
})
const storeIsFull = {
  message: 'The gateway’s store accepts no new idempotency keys. Nothing was changed.',
  code: 'STORE_UNAVAILABLE',
  outcome: 'NOT_APPLIED',
  retryable: true,
}

async function readiness(url: string): Promise<unknown[]> {
  const response = await fetch(new URL('/readyz', url))
  const { reasons } = await response.json()
  return [response.status, reasons]
}
const storeProblem = (reason: string): unknown[] => [
  503,
  [`store: ${reason}; calls with a new idempotency key are refused`],
]

/** @returns the error's code. Rejects if there is no error */
async function codeOf(call: Promise<object>): Promise<unknown> {
  const result = await call
  if ('code' in result) return result.code
  throw new Error('the call succeeded')
}

describe('a caller that fills the store or keeps a contact busy', () => {
  test.runIf(hasRedis)('keys with contacts of 90 kB fill the caller’s quota, and not Redis', async () => {
    const redis = await startRedis()
    const client = await createClient({ url: redis.url }).connect()
    const memory = /used_memory:(\d+)/.exec(await client.info('memory'))?.[1]
    await client.close()
    // Memory for 33 such contacts.
    await redis.configure('maxmemory', String(Number(memory) + 3_000_000))
    const store = await openTestStore(redis.url)
    const gateway = await createTestGateway({ store, authentication, callerStoreBytes: 40_000 })
    const answers: object[] = []
    for (const n of many(100)) answers.push(await createKeyed(gateway.url, 'attacker', `${n}`, largeValue))
    const refused = answers.filter((each) => 'code' in each)
    expect(answers.slice(0, -refused.length)).toEqual(
      many(100 - refused.length).map(() => created(false, largeValue)),
    )
    expect(refused.length).toBeGreaterThan(20)
    expect(refused.slice(1)).toEqual(refused.slice(1).map(() => refused[0]))
    expect(refused[0]).toEqual({
      message: expect.stringMatching(
        /^This caller’s idempotency keys use 3\d,\d{3} bytes of the gateway’s store, and a new one may need 8,256; the limit is 40,000 bytes. Nothing was changed.$/,
      ),
      code: 'STORE_QUOTA_EXCEEDED',
      outcome: 'NOT_APPLIED',
      retryable: true,
    })
    expect(upstreamRequests(gateway)).toBe(100 - refused.length)
    // A stored key is still replayed, from Callbell, and other callers are not affected.
    expect(await createKeyed(gateway.url, 'attacker', '0', largeValue)).toEqual(created(true, largeValue))
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(created(false))
    expect(upstreamRequests(gateway)).toBe(102 - refused.length)
    expect(await readiness(gateway.url)).toEqual([200, []])
  })

  test.runIf(hasRedis)('with a full Redis, new keys are refused and stored ones are replayed', async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    const gateway = await createTestGateway({ store, authentication })
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(created(false))
    await redis.configure('maxmemory', '1')
    expect(await createKeyed(gateway.url, 'honest', '1')).toEqual(storeIsFull)
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(created(true))
    expect(await readiness(gateway.url)).toEqual(storeProblem('Redis is out of memory'))
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('with a full disk, new keys are refused and stored ones are replayed', async () => {
    const sandbox = await openSandbox()
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
    // Files may grow to some hundred kilobytes: a write beyond that fails as on a full disk.
    const child = spawn('sh', ['-c', `ulimit -f 400; exec "${process.execPath}" "${inject('main')}"`], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        CALLBELL_API_TOKEN: 't',
        CALLBELL_API_URL: sandbox.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const url = await followGateway(child, folder).url
    const answers: object[] = []
    while (!answers.some((each) => 'code' in each) && answers.length < 200) {
      answers.push(await createKeyed(url, 'anyone', `${answers.length}`, 'x'.repeat(6000)))
    }
    expect(answers.at(-1)).toEqual(storeIsFull)
    expect(answers.slice(0, -1)).toEqual(answers.slice(1).map(() => created(false, 'x'.repeat(6000))))
    expect(await createKeyed(url, 'anyone', '0', 'x'.repeat(6000))).toEqual(created(true, 'x'.repeat(6000)))
    const reason = 'The store’s file cannot be written (disk I/O error)'
    await expect.poll(() => readiness(url)).toEqual(storeProblem(reason))
    expect(postsOf(sandbox)).toHaveLength(answers.length - 1)
  })

  test('other users of the machine cannot read the store’s files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'store-'))
    chmodSync(folder, 0o777)
    const before = process.umask(0)
    const store = await openTestStore(`sqlite:${join(folder, 'gateway.db')}`)
    process.umask(before)
    const gateway = await createTestGateway({ store })
    expect(await createKeyed(gateway.url, 'anyone', '0')).toEqual(created(false))
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600])
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('of 60 edits of one contact’s tags 50 are refused, and another caller’s edits are served round-robin', async () => {
    let tags: unknown = []
    const release = Promise.withResolvers<void>()
    const callbell = await startRawUpstream((socket, number) => {
      const request = callbell.requests[number] ?? ''
      if (request.startsWith('PATCH')) ({ tags } = JSON.parse(request.slice(request.indexOf('\r\n\r\n'))))
      const send = () => socket.write(httpAnswer('200 OK', JSON.stringify({ contact: { uuid: 'u', tags } })))
      void (number === 0 ? release.promise.then(send) : send())
    })
    const gateway = await createTestGateway({ url: callbell.url, authentication, timeoutMs: 20_000 })
    const document =
      'mutation($i:UpdateContactInput!){updateContact(input:$i){contact{uuid} userErrors{message}}}'
    async function addTag(caller: string, tag: string): Promise<object> {
      const variables = { i: { uuid: 'u', addTags: [tag] } }
      const headers = { 'x-api-key': caller }
      return resultOf(
        await (await gateway.post(JSON.stringify({ query: document, variables }), headers)).json(),
      )
    }
    const edited = { contact: { uuid: 'u' }, userErrors: [] }
    const first = addTag('attacker', 'attacker 0')
    await expect.poll(() => callbell.requests.length).toBe(1)
    const waiting = many(60).map((n) => addTag('attacker', `attacker ${n + 1}`))
    // All but ten are refused, and the ten wait.
    const refusals: object[] = []
    for (const edit of waiting) void edit.then((each) => refusals.push(each))
    await expect.poll(() => refusals.length).toBe(50)
    expect(refusals).toEqual(
      many(50).map(() => ({
        message:
          'This caller has 10 tag changes of this contact waiting already; the limit is 10. Nothing was changed.',
        code: 'OVERLOADED',
        outcome: 'NOT_APPLIED',
        retryable: true,
      })),
    )
    const honest = many(11).map((n) => addTag('honest', `honest ${n}`))
    // One of the eleven is refused, and the other ten wait.
    expect(await Promise.any(honest.map(codeOf))).toBe('OVERLOADED')
    expect(callbell.requests).toHaveLength(1)
    release.resolve()
    const results = await Promise.all([first, ...waiting, ...honest])
    expect(results.filter((each) => !('code' in each))).toEqual(many(21).map(() => edited))
    const edits = callbell.requests.filter((request) => request.startsWith('PATCH'))
    // After the first edit, the callers are served round-robin.
    expect(edits.slice(0, 5).map((request) => /.*"(\w+) \d+"/.exec(request)?.[1])).toEqual([
      'attacker',
      'attacker',
      'honest',
      'attacker',
      'honest',
    ])
    // Each accepted edit takes three calls, and a refused one none.
    expect(callbell.requests).toHaveLength(3 * 21)
    expect(tags).toHaveLength(21)
  })
})
