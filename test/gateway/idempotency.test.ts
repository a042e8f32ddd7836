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

/** What is told of a failure, without the request's id. */
function told({ errors }: Awaited<ReturnType<typeof create>>): object {
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

/** All lookups of the first call. */
const failedLookups = Array.from({ length: 2 }, () => ({ on: 'GET', status: 500 }) as const)

/** Lets the wall clock jump, but not the timers. */
function passTime(milliseconds: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
}
afterEach(() => void vi.restoreAllMocks())

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

describe.each(storeUrls)('with %s', (_name, createUrl) => {
  async function open(options: object = {}): Promise<TestGateway> {
    return createTestGateway({ timeoutMs: 2000, store: await openTestStore(await createUrl()), ...options })
  }

  test('the same key and input give the first result again, without a call', async () => {
    const gateway = await open()
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST')
  })

  test('while the first is under way, the others wait for it', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100 })
    const all = await Promise.all(Array.from({ length: 5 }, () => create(gateway)))
    expect(all.filter((result) => JSON.stringify(result).includes('"replayed":false'))).toHaveLength(1)
    expect(all).toContainEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST')
  })

  test('they get its failure, too', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100, status: 401 })
    const [first, second] = await Promise.all([create(gateway), create(gateway)])
    expect(told(first)).toMatchObject({ code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED' })
    expect(told(second)).toEqual(told(first))
    expect(methods(gateway)).toBe('POST')
  })

  test('the same key with another input is refused, then and later', async () => {
    const gateway = await open({ timeoutMs: 30_000 })
    gateway.sandbox.failNext({ delayMs: 100 })
    const reused = { code: 'IDEMPOTENCY_KEY_REUSED', outcome: 'NOT_APPLIED', retryable: false }
    const [, during] = await Promise.all([create(gateway), create(gateway, { name: 'Bob' })])
    expect(told(during)).toEqual(reused)
    expect(told(await create(gateway, { tags: [] }))).toEqual(reused)
    expect(methods(gateway)).toBe('POST')
  })

  test('another key is another create', async () => {
    const gateway = await open()
    await create(gateway)
    expect(await create(gateway, { idempotencyKey: 'order 67' })).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST POST')
  })

  test('another caller’s key is another key', async () => {
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
    expect(told(await create(gateway))).toMatchObject({ outcome: 'NOT_APPLIED' })
    const rejected = await create(gateway, { name: 'Bob' })
    expect(rejected.data?.createContact).toEqual({
      contact: null,
      replayed: false,
      userErrors: [{ field: null, message: 'Callbell rejected the request: no', code: 'REJECTED' }],
    })
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST POST POST')
  })

  test('of a success with a useless answer, the contact is looked up', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 201, body: 'created', afterWork: true })
    expect(await create(gateway)).toEqual(created(gateway, false))
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(methods(gateway)).toBe('POST GET')
  })

  test('an unknown outcome is looked up again, and its contact found', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ status: 500, afterWork: true }, ...failedLookups)
    expect(told(await create(gateway))).toEqual({
      code: 'CALLBELL_UNAVAILABLE',
      outcome: 'UNKNOWN',
      retryable: true,
      retryAfterMs: 5000,
      attempts: 1,
    })
    // The log knows what broke it, as it does without a key.
    expect(gateway.log.find(({ msg }) => msg === 'a call failed')).toMatchObject({
      fields: [{ failure: { progress: 'answered', status: 500 } }],
    })
    expect(await create(gateway)).toEqual(created(gateway, true))
    expect(await create(gateway)).toEqual(created(gateway, true))
    // Each of its two forms is looked up, until one fails.
    expect(methods(gateway)).toBe('POST GET GET GET')
  })

  test('an unknown outcome is sent again once Callbell can’t be at it any more, and not before', async () => {
    const gateway = await open({ resendAfterMs: 3000 })
    gateway.sandbox.failNext({ status: 500 })
    const began = performance.now()
    expect(told(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 3000 })
    // Whatever the wall clock says.
    passTime(31_000)
    const tooEarly = told(await create(gateway))
    const waitedMs = performance.now() - began
    expect(tooEarly).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true })
    expect(postsOf(gateway)).toBe(1)
    const isRest = (ms: unknown): boolean => typeof ms === 'number' && ms >= 3000 - waitedMs && ms <= 3000
    expect(tooEarly).toHaveProperty('retryAfterMs', expect.toSatisfy(isRest))
    await expect
      .poll(() => create(gateway), { interval: 200, timeout: 60_000 })
      .toMatchObject({ data: { createContact: { replayed: false } } })
    expect(postsOf(gateway)).toBe(2)
    expect(gateway.sandbox.contacts.all()).toHaveLength(2)
    // Not from the answer, which may arrive long after the attempt ended.
    expect(performance.now() - began).toBeGreaterThanOrEqual(3000)
  })

  test('an unknown outcome is not sent again as long as lookups are not known to work', async () => {
    const gateway = await open({ resendAfterMs: 1, proved: [] })
    gateway.sandbox.failNext({ status: 500 })
    expect(told(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN' })
    expect(told(await create(gateway))).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 5000 })
    expect(postsOf(gateway)).toBe(1)
    // A create that succeeds is looked up, which shows that lookups work.
    await create(gateway, { identifier: '+39 02 5000', idempotencyKey: null })
    await expect
      .poll(() => create(gateway), { interval: 200, timeout: 60_000 })
      .toMatchObject({
        data: { createContact: { replayed: false } },
      })
    expect(postsOf(gateway)).toBe(3)
  })

  test('what was unknown once is not said to be not applied by a later attempt', async () => {
    const gateway = await open({ resendAfterMs: 1 })
    gateway.sandbox.failNext({ status: 500 })
    await create(gateway)
    gateway.sandbox.failNext({ on: 'POST', status: 401 })
    expect(told(await create(gateway))).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN' })
    expect(postsOf(gateway)).toBe(2)
  })

  test('an unknown outcome of another source stays unknown', async () => {
    const gateway = await open()
    gateway.sandbox.failNext({ drop: true })
    const unknown = { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: false, attempts: 1 }
    expect(told(await create(gateway, { source: 'TELEGRAM' }))).toEqual(unknown)
    expect(told(await create(gateway, { source: 'TELEGRAM' }))).toEqual(unknown)
    expect(methods(gateway)).toBe('POST')
  })

  test('a key is forgotten after its time', async () => {
    const gateway = await open({ ttlMs: 50 })
    await create(gateway)
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"replayed":false')
    expect(methods(gateway)).toBe('POST POST')
  })
})

test('what an earlier version wrote is still read', async () => {
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
  test('one sends, the other waits for it', async () => {
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

  test('with Redis away, a key is refused and no key is needed', async () => {
    const redis = await startRedis()
    const gateway = await createTestGateway({ store: await openTestStore(redis.url) })
    await redis.kill()
    const away = { code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true }
    expect(told(await create(gateway))).toEqual(away)
    expect(methods(gateway)).toBe('')
    expect(await create(gateway, { idempotencyKey: null })).toEqual(created(gateway, false))
    await redis.start()
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"contact":{"uuid"')
  })

  test('with a Redis that hangs, calls are answered in time all the same', async () => {
    const redis = await startRedis()
    const gateway = await createTestGateway({ store: await openTestStore(redis.url), timeoutMs: 6000 })
    redis.hang()
    const [keyed, keyless] = await Promise.all([create(gateway), create(gateway, { idempotencyKey: null })])
    expect(told(keyed)).toEqual({ code: 'STORE_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true })
    expect(keyless).toEqual(created(gateway, false))
    expect(methods(gateway)).toBe('POST')
    redis.goOn()
    // The claim got there after all, and is known for one under which nothing was sent.
    await expect.poll(async () => JSON.stringify(await create(gateway))).toContain('"replayed":false')
    expect(methods(gateway)).toBe('POST POST')
  })

  test('with a Redis that hangs, a bounded number of commands waits for it', async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    redis.hang()
    const errors = await Promise.all(
      Array.from({ length: 5000 }, (_, number) =>
        store.readRecord(`key ${number}`).then(
          () => 'answered',
          (error: Error) => error.message,
        ),
      ),
    )
    const tooManyCommands = '4000 commands are already waiting for Redis, which is the limit'
    // The others wait until they are given up, or their connection is.
    expect(errors.filter((message) => message === tooManyCommands)).toHaveLength(1000)
    expect(errors).not.toContain('answered')
    redis.goOn()
    await expect.poll(() => store.readRecord('key').catch(() => 'not yet')).toBeNull()
  })

  test('what one refused while Redis hung, another makes as soon as Redis goes on', async () => {
    const redis = await startRedis()
    const one = await createTestGateway({ store: await openTestStore(redis.url) })
    const two = await createTestGateway({ store: await openTestStore(redis.url), url: one.sandbox.url })
    redis.hang()
    expect(told(await create(one))).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    redis.goOn()
    // The claim got there after all; who made it takes it back, so that nobody waits until it runs out.
    await expect.poll(async () => JSON.stringify(await create(two))).toContain('"replayed":false')
    expect(methods(one)).toBe('POST')
  })

  test('with Redis lost in the middle, the outcome is told all the same, and looked up by the next', async () => {
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
