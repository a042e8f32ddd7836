/** `once` on a fake clock, with scripted answers. test/gateway/once.test.ts has a gateway. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OnceOptions, OnceStorage, Send, SendResult } from '../../../src/client/index.ts'
import { AddConversationNoteDocument, CreateContactDocument, once } from '../../../src/client/index.ts'
import { pass, settled, useFakeClock, useRealClock } from '../../support/fake-clock.ts'

const key = '8c1f4a52-6f0e-4f3c-9a55-1f2b7c0d9e31'
const input = { identifier: '+39 02 1', source: 'WHATSAPP', name: 'Ada' } as const

beforeEach(() => {
  useFakeClock()
  vi.spyOn(crypto, 'randomUUID').mockReturnValue(key)
})
afterEach(() => {
  useRealClock()
  vi.unstubAllGlobals()
})

/** An error of the gateway. */
function gatewayError(code: string, outcome: string | undefined, retryable: boolean, retryAfterMs?: number) {
  return {
    message: `${code}.`,
    extensions: { code, outcome, retryable, retryAfterMs, requestId: 'r1' },
  }
}

const data = { createContact: { replayed: false, contact: { uuid: 'u1' }, userErrors: [] } }
const created = { data }
const errorAnswer = (...errors: object[]) => ({ data: { createContact: null }, errors })
const unknown = gatewayError('CALLBELL_TIMEOUT', 'UNKNOWN', true, 5000)
const rateLimited = gatewayError('RATE_LIMITED', 'NOT_APPLIED', true, 300)
const unauthenticated = gatewayError('UNAUTHENTICATED', 'NOT_APPLIED', false)
const unknownForever = gatewayError('CALLBELL_UNAVAILABLE', 'UNKNOWN', false)
const lost = new TypeError('fetch failed')

interface Try {
  readonly key: string | null | undefined
  /** On the fake clock. */
  readonly at: number
}

/** What `send` returns, or throws. */
type Answer = SendResult | Error | (() => Promise<SendResult>)

/** Answers the tries in this order, and the last answer for ever. An Error is thrown. */
function scripted(...answers: readonly Answer[]) {
  const tries: Try[] = []
  const send: Send = async (_document, variables) => {
    tries.push({ key: variables.input.idempotencyKey, at: performance.now() })
    const answer = answers[Math.min(tries.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return typeof answer === 'function' ? answer() : { ...answer }
  }
  return { send, tries }
}

const create = (send: Send, options?: OnceOptions) => once(send, CreateContactDocument, { input }, options)

/** A storage such as `localStorage`. */
function memoryStorage() {
  const items = new Map<string, string>()
  const storage = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  } satisfies OnceStorage
  return { items, storage }
}

const start = () => performance.now()

test.each<[string, Answer[], object, number[]]>([
  ['an answer', [created], { status: 'done', data, replayed: false }, [0]],
  [
    'a replay',
    [{ data: { createContact: { ...data.createContact, replayed: true } } }],
    {
      status: 'done',
      data: { createContact: { ...data.createContact, replayed: true } },
      replayed: true,
    },
    [0],
  ],
  [
    'user errors',
    [{ data: { createContact: { replayed: false, contact: null, userErrors: [{ message: 'Wrong.' }] } } }],
    { status: 'rejected', userErrors: [{ message: 'Wrong.' }] },
    [0],
  ],
  [
    'UNKNOWN, then an answer',
    [errorAnswer(unknown), created],
    { status: 'done', data, replayed: false },
    [0, 5000],
  ],
  [
    'RATE_LIMITED, then an answer',
    [errorAnswer(rateLimited), created],
    { status: 'done', data, replayed: false },
    [0, 300],
  ],
  [
    'lost connections, then an answer',
    [lost, lost, lost, created],
    { status: 'done', data, replayed: false },
    [0, 250, 750, 1750],
  ],
  [
    'empty answers, then an answer',
    [{ data: null }, {}, created],
    { status: 'done', data, replayed: false },
    [0, 250, 750],
  ],
  [
    'errors of another server',
    [{ errors: [{ message: 'Bad gateway' }] }, created],
    { status: 'done', data, replayed: false },
    [0, 250],
  ],
  [
    'UNKNOWN that cannot be repeated',
    [errorAnswer(unknownForever)],
    { status: 'unknown', error: unknownForever, key },
    [0],
  ],
  ['a refusal', [errorAnswer(unauthenticated)], { status: 'failed', error: unauthenticated, key }, [0]],
  [
    'a refusal after a lost connection',
    [lost, errorAnswer(unauthenticated)],
    { status: 'unknown', error: unauthenticated, key },
    [0, 250],
  ],
  [
    'a refusal after UNKNOWN',
    [errorAnswer(unknown), errorAnswer(unauthenticated)],
    { status: 'unknown', error: unauthenticated, key },
    [0, 5000],
  ],
  [
    'a refusal after RATE_LIMITED',
    [errorAnswer(rateLimited), errorAnswer(unauthenticated)],
    { status: 'failed', error: unauthenticated, key },
    [0, 300],
  ],
  [
    'a wait beyond the deadline',
    [errorAnswer({ ...rateLimited, extensions: { ...rateLimited.extensions, retryAfterMs: 120_000 } })],
    {
      status: 'failed',
      error: { ...rateLimited, extensions: { ...rateLimited.extensions, retryAfterMs: 120_000 } },
      key,
    },
    [0],
  ],
  [
    'a wait that is not a number',
    [
      errorAnswer({ ...rateLimited, extensions: { ...rateLimited.extensions, retryAfterMs: 'soon' } }),
      created,
    ],
    { status: 'done', data, replayed: false },
    [0, 250],
  ],
])('%s', async (_name, answers, expected, times) => {
  const { send, tries } = scripted(...answers)
  const begin = start()
  const { result } = await settled(create(send))
  expect(result).toEqual(expected)
  expect(tries).toEqual(times.map((at) => ({ key, at: begin + at })))
})

test.each<[string, object]>([
  ['graphql-request', { response: { status: 200, data: null, errors: [unauthenticated] } }],
  ['Apollo Client 3 and urql', { graphQLErrors: [unauthenticated], networkError: null }],
  ['Apollo Client 4', { data: null, errors: [unauthenticated] }],
  [
    'Apollo Client 4 for a status such as 401',
    { statusCode: 401, bodyText: JSON.stringify({ errors: [unauthenticated] }) },
  ],
])('the errors that %s throws are found', async (_name, properties) => {
  const { send, tries } = scripted(Object.assign(new Error('thrown'), properties))
  expect((await settled(create(send))).result).toEqual({ status: 'failed', error: unauthenticated, key })
  expect(tries).toHaveLength(1)
})

test.each<[string, SendResult]>([
  ['a field below it failed', { data, errors: [gatewayError('CALLBELL_UNAVAILABLE', 'APPLIED', false)] }],
  ['its answer is missing', errorAnswer(gatewayError('CONTACT_GONE', 'APPLIED', false))],
])('a change that was made is done, although %s', async (_name, answer) => {
  const { send } = scripted(answer)
  expect((await settled(create(send))).result).toEqual({
    status: 'done',
    replayed: false,
    ...answer,
  })
})

test('a note is added in the same way', async () => {
  const note = { addConversationNote: { success: true, replayed: false, userErrors: [] } }
  const { send } = scripted(lost, { data: note })
  const result = once(send, AddConversationNoteDocument, { input: { uuid: 'u1', text: 'Hello' } })
  expect((await settled(result)).result).toEqual({ status: 'done', data: note, replayed: false })
})

test('the waits between lost connections grow to ten seconds, and the deadline ends them', async () => {
  const { send, tries } = scripted(lost)
  const begin = start()
  const { result, at } = await settled(create(send, { deadlineMs: 30_000 }))
  expect(result).toEqual({ status: 'unknown', error: lost, key })
  expect(tries.map((one) => one.at - begin)).toEqual([
    0, 250, 750, 1750, 3750, 7750, 12_750, 17_750, 22_750, 27_750,
  ])
  expect(at - begin).toBe(27_750)
})

test('a try without an answer is aborted and repeated', async () => {
  const signals: AbortSignal[] = []
  const send: Send = async (_document, _variables, { signal }) => {
    signals.push(signal)
    return signals.length === 1 ? new Promise<never>(() => undefined) : created
  }
  const { result } = await settled(create(send, { tryTimeoutMs: 1000 }))
  expect(result).toEqual({ status: 'done', data, replayed: false })
  expect(signals[0]?.reason).toEqual(new Error('No answer within 1000 ms.'))
})

test('the deadline ends a try that ignores its signal', async () => {
  const begin = start()
  const { result, at } = await settled(create(() => new Promise(() => undefined), { deadlineMs: 2000 }))
  expect(result).toEqual({ status: 'unknown', error: new Error('No answer within 2000 ms.'), key })
  expect(at - begin).toBe(2000)
})

test.each<[string, Answer[], number, 'failed' | 'unknown', number]>([
  ['before the first try', [created], -1, 'failed', 0],
  ['during the first try', [() => new Promise(() => undefined)], 100, 'unknown', 1],
  ['between tries that changed nothing', [errorAnswer(rateLimited)], 100, 'failed', 1],
  ['between tries that may have made the change', [errorAnswer(unknown)], 100, 'unknown', 1],
])('an abort %s ends it at once', async (_name, answers, afterMs, status, count) => {
  const controller = new AbortController()
  const { send, tries } = scripted(...answers)
  const reason = new Error('The page was closed.')
  if (afterMs < 0) controller.abort(reason)
  const begin = start()
  const result = create(send, { signal: controller.signal })
  if (afterMs > 0) {
    await pass(afterMs)
    controller.abort(reason)
  }
  expect(await settled(result)).toEqual({
    result: { status, error: reason, key },
    at: begin + Math.max(0, afterMs),
  })
  expect(tries).toHaveLength(count)
})

test('a key of the application is kept', async () => {
  const { send, tries } = scripted(lost, created)
  const variables = { input: { ...input, idempotencyKey: 'mine' } }
  await settled(once(send, CreateContactDocument, variables))
  expect(tries.map((one) => one.key)).toEqual(['mine', 'mine'])
})

test('without randomUUID the key has 128 random bits', async () => {
  vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(171) })
  const { send, tries } = scripted(created)
  await settled(create(send))
  expect(tries.map((one) => one.key)).toEqual(['ab'.repeat(16)])
})

test('without a global crypto the key comes from Node', async () => {
  vi.stubGlobal('crypto', undefined)
  const { send, tries } = scripted(created)
  await settled(create(send))
  expect(tries.map((one) => one.key)).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)])
})

test('the clock of the options is used', async () => {
  const sleeps: number[] = []
  let time = 0
  const { send } = scripted(errorAnswer(unknown))
  const clock = {
    now: () => time,
    async sleep(ms: number, signal: AbortSignal) {
      sleeps.push(ms)
      if (ms === 1000) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      else time += ms
    },
  }
  expect(await create(send, { clock, deadlineMs: 11_000, tryTimeoutMs: 1000 })).toEqual({
    status: 'unknown',
    error: unknown,
    key,
  })
  expect(sleeps).toEqual([1000, 5000, 1000, 5000, 1000])
})

test.each<[string, OnceOptions]>([
  ['`deadlineMs` must be a positive number.', { deadlineMs: Number.NaN }],
  ['`tryTimeoutMs` must be a positive number.', { tryTimeoutMs: 0 }],
  ['`keyLifetimeMs` must be a positive number.', { keyLifetimeMs: -1 }],
  ['`deadlineMs` must be at most 2147483647.', { deadlineMs: Infinity }],
  ['`storage` needs a `name`.', { storage: memoryStorage().storage }],
])('a mistake of the program is thrown: %s', async (message, options) => {
  const { send, tries } = scripted(created)
  await expect(create(send, options)).rejects.toThrow(new TypeError(message))
  expect(tries).toEqual([])
})

test('`send` and `variables.input` are checked', async () => {
  const { send } = scripted(created)
  // @ts-expect-error a string sends nothing
  await expect(create('send')).rejects.toThrow(new TypeError('`send` must be a function.'))
  // @ts-expect-error the variables are empty
  const withoutInput = once(send, CreateContactDocument, {})
  await expect(withoutInput).rejects.toThrow(new TypeError('`variables.input` must be an object.'))
})
