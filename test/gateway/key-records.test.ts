/** The records of idempotency keys: their size, the quota of a caller, and a full store. */
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import type { Store } from '../../src/store/store.ts'
import { maxRecordBytes } from '../../src/store/store.ts'
import type { RawUpstream } from '../support/raw-upstream.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore, storeUrls } from '../support/stores.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const document = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid name customFields { value } } replayed }
}`
const uuid = '28f10773e3f1baf7d4b2d038a9b73b4d'
/** What one key may need: the largest record, and 256 bytes of overhead. */
const claimBytes = maxRecordBytes + 256

interface CallOptions {
  readonly key?: string | null
  readonly caller?: string
  readonly value?: string
  readonly identifier?: string
}

/** Creates a contact; returns the payload, or the error without the request's id. */
async function create(
  { post }: TestGateway,
  { key = 'k', caller = 'one', value = 'x', identifier = '+39 02 4000' }: CallOptions = {},
) {
  const input = {
    identifier,
    source: 'WHATSAPP',
    name: 'Ada',
    customFields: [{ name: 'Billing Address', value }],
    idempotencyKey: key,
  }
  const response = await post(JSON.stringify({ query: document, variables: { input } }), {
    'x-api-key': caller,
  })
  const { data, errors } = await response.json()
  if (errors === undefined) return data.createContact
  const [{ message, extensions }] = errors
  const { requestId: _, ...rest } = extensions
  return { message, ...rest }
}

function calls({ sandbox }: TestGateway): string[] {
  return sandbox.requests.map(({ method, path }) => `${method} ${path}`)
}

const callers = ['one', 'two'].map((name) => ({
  name,
  digest: hash('sha256', name, 'buffer'),
  scopes: new Set(['contacts:read', 'contacts:write'] as const),
}))

const open = (store: Store, options: object = {}): Promise<TestGateway> =>
  createTestGateway({ store, authentication: { apiKeys: () => callers }, ...options })

/** An upstream that has the contact, and holds its first responses until `release()`. */
async function startHeldUpstream(held: number, method = ''): Promise<RawUpstream & { release(): void }> {
  const answers: (() => void)[] = []
  const upstream = await startRawUpstream((socket, _number, request) => {
    const answer = (): void => {
      const customFields = { 'Billing Address': 'x' }
      const body = { contact: { uuid, name: 'Ada', customFields, createdAt: new Date().toISOString() } }
      socket.write(httpAnswer('200 OK', JSON.stringify(body), `date: ${new Date().toUTCString()}\r\n`))
    }
    if (request.startsWith(method) && held > answers.length) answers.push(answer)
    else answer()
  })
  return { ...upstream, release: () => answers.forEach((answer) => answer()) }
}

/** A store that records every written record. */
function recordWrites(store: Store): { readonly store: Store; readonly written: string[] } {
  const written: string[] = []
  return {
    written,
    store: {
      ...store,
      claim(key, record, ttlMs, charge) {
        written.push(record)
        return store.claim(key, record, ttlMs, charge)
      },
      replace(key, expected, record, ttlMs, charge) {
        // Only the record of a key has a charge. Others are locks.
        if (charge) written.push(record)
        return store.replace(key, expected, record, ttlMs, charge)
      },
    },
  }
}

const contact = (value = 'x') => ({ uuid, name: 'Ada', customFields: [{ value }] })
const created = { contact: contact(), replayed: false }
const replayed = { contact: contact(), replayed: true }
const large = 'Via Roma 1, Milano '.repeat(3000)
const contactGone =
  'The contact that this idempotency key created no longer exists at Callbell. The change was made.'

describe.each(storeUrls)('with %s', (_name, createUrl) => {
  test('a contact that is too large for a record is stored as its uuid, and read for a replay', async () => {
    const { store, written } = recordWrites(await openTestStore(await createUrl()))
    const gateway = await open(store)
    expect(await create(gateway, { value: large })).toEqual({ contact: contact(large), replayed: false })
    expect(await create(gateway, { value: large })).toEqual({ contact: contact(large), replayed: true })
    expect(calls(gateway)).toEqual(['POST /v1/contacts', `GET /v1/contacts/${uuid}`])
    expect(JSON.parse(written[1] ?? '')).toEqual({
      state: 'REFERENCED',
      reference: uuid,
      fingerprint: expect.stringMatching(/^[\w-]{43}$/),
      notBefore: null,
    })
  })

  test('a caller’s quota is full at its limit, and another caller’s is not', async () => {
    const { store, written } = recordWrites(await openTestStore(await createUrl()))
    const gateway = await open(store, { callerStoreBytes: claimBytes })
    expect(await create(gateway)).toEqual(created)
    const used = Buffer.byteLength(written[1] ?? '') + 256
    const refused = {
      message: `This caller’s idempotency keys use ${used.toLocaleString('en-US')} bytes of the gateway’s store, and a new one may need 8,256; the limit is 8,256 bytes. Nothing was changed.`,
      code: 'STORE_QUOTA_EXCEEDED',
      outcome: 'NOT_APPLIED',
      retryable: true,
    }
    expect(await create(gateway, { key: 'another' })).toEqual(refused)
    // A stored key is replayed, and a create without a key succeeds.
    expect(await create(gateway)).toEqual(replayed)
    expect(await create(gateway, { key: null })).toMatchObject({ replayed: false })
    expect(await create(gateway, { key: 'another', caller: 'two' })).toMatchObject({ replayed: false })
    expect(calls(gateway)).toEqual(Array.from({ length: 3 }, () => 'POST /v1/contacts'))
  })

  test('running calls count as records of the largest size', async () => {
    const upstream = await startHeldUpstream(2)
    const store = await openTestStore(await createUrl())
    const gateway = await open(store, {
      callerStoreBytes: 2 * claimBytes,
      url: upstream.url,
      timeoutMs: 20_000,
    })
    const running = [create(gateway, { key: 'a' }), create(gateway, { key: 'b', identifier: '+39 02 5000' })]
    await expect.poll(() => upstream.requests.length).toBe(2)
    expect(await create(gateway, { key: 'c' })).toMatchObject({ code: 'STORE_QUOTA_EXCEEDED' })
    upstream.release()
    expect(await Promise.all(running)).toEqual([created, created])
    expect(await create(gateway, { key: 'c' })).toEqual(created)
    expect(upstream.requests).toHaveLength(3)
  })

  test('a freed key returns its bytes to the quota', async () => {
    const gateway = await open(await openTestStore(await createUrl()), { callerStoreBytes: claimBytes })
    gateway.sandbox.failNext(...Array.from({ length: 3 }, () => ({ status: 401 })))
    for (const key of ['a', 'b', 'c']) {
      expect(await create(gateway, { key })).toMatchObject({ code: 'CALLBELL_UNAUTHORIZED' })
    }
    expect(await create(gateway, { key: 'd' })).toEqual(created)
  })
})

describe('a repeated key whose record has only the contact’s uuid', () => {
  const failed = { outcome: 'APPLIED', retryable: true }

  test.each<[string, Fault, object]>([
    ['a 500', { status: 500 }, { code: 'CALLBELL_UNAVAILABLE', ...failed }],
    ['a 401', { status: 401 }, { code: 'CALLBELL_UNAUTHORIZED', ...failed }],
    ['a 404 of a proxy', { status: 404, body: '<html>' }, { code: 'CALLBELL_INVALID_RESPONSE', ...failed }],
    [
      'a response that is not JSON',
      { status: 200, body: 'odd' },
      { code: 'CALLBELL_INVALID_RESPONSE', ...failed },
    ],
    [
      'a refusal',
      { status: 422, body: { error: 'no such parameter' } },
      { code: 'CALLBELL_REJECTED', message: 'no such parameter. The change was made.', ...failed },
    ],
    [
      'Callbell’s 404',
      { status: 404, body: { error: 'not found' } },
      { code: 'CONTACT_GONE', message: contactGone, outcome: 'APPLIED', retryable: false },
    ],
  ])('returns no contact if the read fails with %s', async (_name, fault, expected) => {
    const gateway = await open(await openTestStore('memory:'))
    await create(gateway, { value: large })
    gateway.sandbox.failNext(fault)
    const { message, ...error } = await create(gateway, { value: large })
    expect({ message, ...error }).toEqual({ message, ...expected })
    expect(await create(gateway, { value: large })).toEqual({ contact: contact(large), replayed: true })
    expect(calls(gateway)).toEqual([
      'POST /v1/contacts',
      `GET /v1/contacts/${uuid}`,
      `GET /v1/contacts/${uuid}`,
    ])
  })

  test('stops a slow read at the deadline', async () => {
    const gateway = await open(await openTestStore('memory:'), { timeoutMs: 3000 })
    await create(gateway, { value: large })
    gateway.sandbox.failNext({ on: 'GET', delayMs: 60_000 })
    expect(await create(gateway, { value: large })).toMatchObject({ code: 'CALLBELL_TIMEOUT', ...failed })
    expect(calls(gateway)).toHaveLength(2)
  })

  test('returns the contact’s current data', async () => {
    const gateway = await open(await openTestStore('memory:'))
    await create(gateway, { value: large })
    const record = gateway.sandbox.contacts.find(uuid)
    if (record)
      gateway.sandbox.contacts.replace({ ...record, contact: { ...record.contact, name: 'Ada L.' } })
    expect(await create(gateway, { value: large })).toMatchObject({
      contact: { uuid, name: 'Ada L.' },
      replayed: true,
    })
  })
})

test.each(['u'.repeat(9000), '..'])(
  'the repeat of a contact that can neither be stored nor read by its uuid is an error with the outcome APPLIED',
  async (odd) => {
    const { store, written } = recordWrites(await openTestStore('memory:'))
    const gateway = await open(store)
    const tags = ['x'.repeat(9000)]
    gateway.sandbox.failNext({ status: 201, body: { contact: { uuid: odd, name: 'Ada', tags } } })
    expect(await create(gateway)).toMatchObject({ contact: { uuid: odd }, replayed: false })
    expect(await create(gateway)).toMatchObject({
      code: 'CALLBELL_INVALID_RESPONSE',
      outcome: 'APPLIED',
      retryable: false,
    })
    expect(Math.max(...written.map((record) => Buffer.byteLength(record)))).toBeLessThan(500)
    expect(calls(gateway)).toEqual(['POST /v1/contacts'])
  },
)

test('the size of a record is counted in bytes, not in characters', async () => {
  const { store, written } = recordWrites(await openTestStore('memory:'))
  const gateway = await open(store)
  await create(gateway, { key: 'fits', value: 'x'.repeat(6000) })
  await create(gateway, { key: 'does not', value: '€'.repeat(6000) })
  const states = written.map((record) => JSON.parse(record).state)
  expect(states).toEqual(['RUNNING', 'CREATED', 'RUNNING', 'REFERENCED'])
})

describe.runIf(hasRedis)('with a full Redis', () => {
  test('a new key is refused as NOT_APPLIED, and a stored key is replayed', async () => {
    const redis = await startRedis()
    const gateway = await open(await openTestStore(redis.url))
    expect(await create(gateway)).toEqual(created)
    await redis.configure('maxmemory', '1')
    expect(await create(gateway, { key: 'another' })).toEqual({
      message: 'The gateway’s store accepts no new idempotency keys. Nothing was changed.',
      code: 'STORE_UNAVAILABLE',
      outcome: 'NOT_APPLIED',
      retryable: true,
    })
    expect(await create(gateway)).toEqual(replayed)
    expect(calls(gateway)).toEqual(['POST /v1/contacts'])
    await redis.configure('maxmemory', '0')
    expect(await create(gateway, { key: 'another' })).toMatchObject({ replayed: false })
    expect(calls(gateway)).toHaveLength(2)
  })

  test('an outcome that can’t be stored is returned, and verified when Redis has room again', async () => {
    const redis = await startRedis()
    const upstream = await startHeldUpstream(1, 'POST')
    const gateway = await open(await openTestStore(redis.url), { url: upstream.url, timeoutMs: 20_000 })
    // From now on, Callbell's time is known.
    await gateway.contacts.checkToken()
    const creating = create(gateway)
    await expect.poll(() => upstream.requests.length).toBe(2)
    await redis.configure('maxmemory', '1')
    upstream.release()
    expect(await creating).toEqual(created)
    // The key has the record of a call that cannot be settled without a write.
    expect(await create(gateway)).toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN' })
    await redis.configure('maxmemory', '0')
    expect(await create(gateway)).toEqual(replayed)
    expect(upstream.requests.map((request) => request.slice(0, request.indexOf(' ')))).toEqual([
      'GET',
      'POST',
      'GET',
    ])
  })
})

test('with a store that fails to write and to read, the outcome is UNKNOWN', async () => {
  const memory = await openTestStore('memory:')
  const store: Store = {
    ...memory,
    claim: () => Promise.resolve({ state: 'REFUSED', reason: 'LOADING' }),
    readRecord: () => Promise.reject(new Error('LOADING')),
  }
  const gateway = await open(store)
  expect(await create(gateway)).toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN' })
  expect(calls(gateway)).toEqual([])
})

test('a claim that was written although the store reported an error is used', async () => {
  const memory = await openTestStore('memory:')
  const store: Store = {
    ...memory,
    async claim(key, record, ttlMs, charge) {
      await memory.claim(key, record, ttlMs, charge)
      return { state: 'REFUSED', reason: 'WRONGTYPE' }
    },
  }
  const gateway = await open(store)
  expect(await create(gateway)).toEqual(created)
  expect(calls(gateway)).toEqual(['POST /v1/contacts'])
})
