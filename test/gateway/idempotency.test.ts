import { createHash } from 'node:crypto'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { CreateContactInput } from '../../src/client/documents.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore, storeUrls } from '../support/stores.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createTestContext } from '../support/test-context.ts'

const input: CreateContactInput = {
  identifier: '+39 02 4000',
  source: 'WHATSAPP',
  name: 'Ada',
  idempotencyKey: 'order 66: “Ünï”',
}
const document = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid name } replayed userErrors { field message code } }
}`

function create({ execute }: TestGateway, change: Partial<CreateContactInput> = {}) {
  return execute<{ createContact: unknown }, object>(document, { input: { ...input, ...change } })
}

/** The error's extensions, without the request's id. */
function errorOf({ errors }: Awaited<ReturnType<typeof create>>): object {
  const { requestId: _, ...extensions } = { requestId: undefined, ...errors?.[0]?.extensions }
  return extensions
}

function created({ sandbox }: TestGateway, replayed: boolean, position = -1): object {
  const contact = sandbox.contacts.all().at(position)
  return {
    data: {
      createContact: { contact: { uuid: contact?.uuid, name: contact?.name }, replayed, userErrors: [] },
    },
  }
}

function methods({ sandbox }: TestGateway): string {
  return sandbox.requests.map(({ method }) => method).join(' ')
}

function postsOf({ sandbox }: TestGateway): number {
  return sandbox.requests.filter(({ method }) => method === 'POST').length
}

/** Every lookup of the first call fails. */
const failedLookups = Array.from({ length: 2 }, () => ({ on: 'GET', status: 500 }) as const)

/** Moves the wall clock, but not the timers. */
function moveClock(milliseconds: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
}
afterEach(() => void vi.restoreAllMocks())

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

describe.each(storeUrls)('with %s', (_name, createUrl) => {
  async function open(options: object = {}): Promise<TestGateway> {
    return createTestGateway({ timeoutMs: 2000, store: await openTestStore(await createUrl()), ...options })
  }

  test('a second create with the same key and input replays the first, without a call', async () => {
    const gateway = await open()
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST')
  })

  test('concurrent creates with one key wait for the first', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100 })
    const all = await Promise.all(Array.from({ length: 5 }, () => create(gateway)))
    expect(all.filter((result) => JSON.stringify(result).includes('"replayed":false'))).toHaveLength(1)
    expect(all).toContainEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST')
  })

  test('concurrent creates with one key have the same error as the first', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100, status: 401 })
    const [first, second] = await Promise.all([create(gateway), create(gateway)])
    expect(errorOf(first)).toMatchObject({ code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED' })
    expect(errorOf(second)).toEqual(errorOf(first))
    expect(methods(gateway)).toBe('POST')
  })

  test('a key with different input is refused, during the create and after it', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100 })
    const reused = { code: 'IDEMPOTENCY_KEY_REUSED', outcome: 'NOT_APPLIED', retryable: false }
    const [, during] = await Promise.all([create(gateway), create(gateway, { name: 'Bob' })])
    expect(errorOf(during)).toEqual(reused)
    expect(errorOf(await create(gateway, { tags: [] }))).toEqual(reused)
    expect(methods(gateway)).toBe('POST')
  })

  test('a create with another key is a new one', async () => {
    const gateway = await open()
    await create(gateway)
    expect(await create(gateway, { idempotencyKey: 'order 67' })).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST POST')
  })

  test('callers do not share idempotency keys', async () => {
    const gateway = await open()
    const wanted = { identifier: '+39 02 4', source: 'whatsapp', name: 'Ada', idempotencyKey: 'k' } as const
    const first = await gateway.contacts.create(wanted, createTestContext('one'))
    const second = await gateway.contacts.create(wanted, createTestContext('two'))
    expect([first.replayed, second.replayed]).toEqual([false, false])
    expect(methods(gateway)).toBe('POST POST')
  })

  test('a create that was not applied frees its key', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 401 }, { status: 422, body: { error: 'no' } })
    expect(errorOf(await create(gateway))).toMatchObject({ outcome: 'NOT_APPLIED' })
    const rejected = await create(gateway, { name: 'Bob' })
    expect(rejected.data?.createContact).toEqual({
      contact: null,
      replayed: false,
      userErrors: [{ field: null, message: 'Callbell rejected the request: no', code: 'REJECTED' }],
    })
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST POST POST')
  })

  test('after a success that is not JSON, the contact is looked up', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 201, body: 'created', afterWork: true })
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST GET')
  })

  test('a repeat after an UNKNOWN outcome finds the contact', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 500, afterWork: true }, ...failedLookups)
    expect(errorOf(await create(gateway))).toEqual({
      code: 'CALLBELL_UNAVAILABLE',
      outcome: 'UNKNOWN',
      retryable: true,
      retryAfterMs: 5000,
      attempts: 1,
    })
    // The cause is logged, as without a key.
    expect(gateway.log.find(({ msg }) => msg === 'a call failed')).toMatchObject({
      fields: [{ failure: { progress: 'answered', status: 500 } }],
    })
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(await create(gateway)).toEqual(created(gateway, true))
    // Both forms of the number are looked up, until a lookup fails.
    expect(methods(gateway)).toBe('POST GET GET GET')
  })

  test('a create with an UNKNOWN outcome is sent again after the quiet period, and not before', async () => {
    const gateway = await open({ resendAfterMs: 3000 })
    gateway.sandbox.failNext({ status: 500 })
    const startedAt = performance.now()
    expect(errorOf(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 3000 })
    // The wall clock does not count.
    moveClock(31_000)
    const tooEarly = errorOf(await create(gateway))
    const waitedMs = performance.now() - startedAt
    expect(tooEarly).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true })
    expect(postsOf(gateway)).toBe(1)
    const isRest = (ms: unknown): boolean => typeof ms === 'number' && ms >= 3000 - waitedMs && ms <= 3000
    expect(tooEarly).toHaveProperty('retryAfterMs', expect.toSatisfy(isRest))
    await expect
      .poll(() => create(gateway), { interval: 200, timeout: 60_000 })
      .toMatchObject({ data: { createContact: { replayed: false } } })
    expect(postsOf(gateway)).toBe(2)
    expect(gateway.sandbox.contacts.all()).toHaveLength(2)
    // The quiet period begins with the end of the attempt, not with its response.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(3000)
  })

  test('a create with an UNKNOWN outcome is not sent again before a lookup has proved that lookups work', async () => {
    const gateway = await open({ resendAfterMs: 1, proved: [] })
    gateway.sandbox.failNext({ status: 500 })
    expect(errorOf(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN' })
    expect(errorOf(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 5000 })
    expect(postsOf(gateway)).toBe(1)
    // A create that succeeds is looked up, which proves that lookups work.
    await create(gateway, { identifier: '+39 02 5000', idempotencyKey: null })
    await expect
      .poll(() => create(gateway), { interval: 200, timeout: 60_000 })
      .toMatchObject({
        data: { createContact: { replayed: false } },
      })
    expect(postsOf(gateway)).toBe(3)
  })

  test('an UNKNOWN outcome does not become NOT_APPLIED by a later attempt', async () => {
    const gateway = await open({ resendAfterMs: 1 })
    gateway.sandbox.failNext({ status: 500 })
    await create(gateway)
    gateway.sandbox.failNext({ on: 'POST', status: 401 })
    expect(errorOf(await create(gateway))).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN' })
    expect(postsOf(gateway)).toBe(2)
  })

  test('an UNKNOWN outcome of a source without lookups stays UNKNOWN', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ drop: true })
    const unknown = { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: false, attempts: 1 }
    expect(errorOf(await create(gateway, { source: 'TELEGRAM' }))).toEqual(unknown)
    expect(errorOf(await create(gateway, { source: 'TELEGRAM' }))).toEqual(unknown)
    expect(methods(gateway)).toBe('POST')
  })

  test('a key expires after its time to live', async () => {
    const gateway = await open({ ttlMs: 50 })
    await create(gateway)
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"replayed":false')
    expect(methods(gateway)).toBe('POST POST')
  })
})

test('a record of an earlier version is read', async () => {
  const store = await openTestStore('memory:')
  const gateway = await createTestGateway({ store })
  const fingerprint = digest('{"identifier":"+39 02 4","source":"whatsapp","name":"Ada"}')
  const contact = { uuid: 'u', name: 'Ada' }
  const record = { state: 'CREATED', fingerprint, firstBegan: 1, lastBegan: 1, contact }
  await store.putIfAbsent(digest('one\u0000k'), JSON.stringify(record), 60_000)
  const wanted = { identifier: '+39 02 4', source: 'whatsapp', name: 'Ada', idempotencyKey: 'k' } as const
  const result = await gateway.contacts.create(wanted, createTestContext('one'))
  expect(result).toEqual({ contact, problems: [], replayed: true })
  expect(methods(gateway)).toBe('')
})

test.each([
  ['', 'INVALID', 'must not be empty'],
  ['a\nb', 'INVALID', 'contains a character that cannot be printed'],
  ['a\u200bb', 'INVALID', 'contains a character that cannot be printed'],
  ['k'.repeat(256), 'TOO_LONG', 'has 256 characters; the limit is 255'],
])('the key %j is refused', async (idempotencyKey, code, predicate) => {
  const gateway = await createTestGateway()
  const message = `\`idempotencyKey\` ${predicate}.`
  expect((await create(gateway, { idempotencyKey, name: '' })).data?.createContact).toEqual({
    contact: null,
    replayed: false,
    userErrors: [
      { field: ['input', 'idempotencyKey'], message, code },
      { field: ['input', 'name'], message: '`name` must not be blank.', code: 'BLANK' },
    ],
  })
  expect(methods(gateway)).toBe('')
})

describe.runIf(hasRedis)('several replicas on one Redis', () => {
  test('one sends a create, and the other waits for it', async () => {
    const redis = await startRedis()
    const one = await createTestGateway({ store: await openTestStore(redis.url) })
    const two = await createTestGateway({ store: await openTestStore(redis.url), url: one.sandbox.url })
    one.sandbox.failNext({ delayMs: 300 })
    const results = await Promise.all([create(one), create(two)])
    expect(results.map((result) => JSON.stringify(result)).toSorted()).toEqual(
      [created(one, false), created(one, true)].map((result) => JSON.stringify(result)),
    )
    expect(methods(one)).toBe('POST')
  })

  test('without Redis, a create with a key is refused, and one without a key succeeds', async () => {
    const redis = await startRedis()
    const gateway = await createTestGateway({ store: await openTestStore(redis.url) })
    await redis.kill()
    const unavailable = { code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true }
    expect(errorOf(await create(gateway))).toEqual(unavailable)
    expect(methods(gateway)).toBe('')
    expect(await create(gateway, { idempotencyKey: null })).toEqual(created(gateway, false))
    await redis.start()
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"contact":{"uuid"')
  })

  test('while Redis hangs, calls are answered in time', async () => {
    const redis = await startRedis()
    const gateway = await createTestGateway({ store: await openTestStore(redis.url), timeoutMs: 6000 })
    redis.suspend()
    const [keyed, keyless] = await Promise.all([create(gateway), create(gateway, { idempotencyKey: null })])
    expect(errorOf(keyed)).toEqual({ code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true })
    expect(keyless).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST')
    redis.resume()
    // The claim was written late. It is known that nothing was sent under it.
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"replayed":false')
    expect(methods(gateway)).toBe('POST POST')
  })

  test('while Redis hangs, a bounded number of commands waits for it', async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    redis.suspend()
    const errors = await Promise.all(
      Array.from({ length: 5000 }, (_, number) =>
        store.readRecord(`key ${number}`).then(
          () => 'answered',
          (error: Error) => error.message,
        ),
      ),
    )
    const tooManyCommands = '4000 commands are already waiting for Redis, which is the limit'
    // The others wait until their timeout, or until their connection is closed.
    expect(errors.filter((message) => message === tooManyCommands)).toHaveLength(1000)
    expect(errors).not.toContain('answered')
    redis.resume()
    await expect.poll(() => store.readRecord('key').catch(() => 'not yet')).toBeNull()
  })

  test('a create that one replica refused while Redis hung succeeds on another afterwards', async () => {
    const redis = await startRedis()
    const one = await createTestGateway({ store: await openTestStore(redis.url) })
    const two = await createTestGateway({ store: await openTestStore(redis.url), url: one.sandbox.url })
    redis.suspend()
    expect(errorOf(await create(one))).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    redis.resume()
    // The claim was written late. Its replica removes it, so that no call waits until it expires.
    await expect.poll(async () => JSON.stringify(await create(two))).toContain('"replayed":false')
    expect(methods(one)).toBe('POST')
  })

  test('when Redis fails during a create, the create still succeeds, and the failed write is logged', async () => {
    const redis = await startRedis()
    const gateway = await createTestGateway({ store: await openTestStore(redis.url), timeoutMs: 3000 })
    onTestFinished(() => redis.kill())
    gateway.sandbox.failNext({ delayMs: 300 })
    const creating = create(gateway)
    await expect.poll(() => methods(gateway)).toBe('POST')
    await redis.kill()
    expect(await creating).toEqual(created(gateway, false))
    expect(gateway.log.map(({ msg }) => msg)).toContain('the outcome of a keyed call could not be stored')
  })
})
