/** What `once` keeps in a storage, so that a page that is loaded again continues with the same key. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CreateContactInput, OnceStorage, Send, SendResult } from '../../../src/client/index.ts'
import { CreateContactDocument, once, pendingVariables } from '../../../src/client/index.ts'
import { settled, useFakeClock, useRealClock } from '../../support/fake-clock.ts'

const input: CreateContactInput = {
  identifier: '+39 02 1',
  source: 'WHATSAPP',
  name: 'Ada',
  customFields: [{ name: 'Age', value: '42' }],
}
const data = { createContact: { replayed: false, contact: { uuid: 'u1' }, userErrors: [] } }
const lost = new TypeError('fetch failed')
const item = 'callbell-graphql-once:form'
const hour = 3_600_000

let wallClock = 0
let keys = 0
beforeEach(() => {
  useFakeClock()
  wallClock = 1_790_000_000_000
  keys = 0
  vi.spyOn(Date, 'now').mockImplementation(() => wallClock)
  vi.spyOn(crypto, 'randomUUID').mockImplementation(() => `0-0-0-0-${(keys += 1)}`)
})
afterEach(useRealClock)

/** @param isAsync as IndexedDB, instead of `localStorage` */
function memoryStorage(isAsync = false) {
  const items = new Map<string, string>()
  const give = <T>(value: T): T | Promise<T> => (isAsync ? Promise.resolve(value) : value)
  const storage = {
    getItem: (name) => give(items.get(name) ?? null),
    setItem: (name, value) => give(void items.set(name, value)),
    removeItem: (name) => give(void items.delete(name)),
  } satisfies OnceStorage
  return { items, storage }
}

/** What `send` returns, or throws. */
type Answer = SendResult | Error

/** Answers the tries in this order, and the last answer for ever. An Error is thrown. */
function scripted(...answers: readonly Answer[]) {
  const sent: unknown[] = []
  const send: Send = async (_document, variables) => {
    sent.push(variables.input.idempotencyKey)
    const answer = answers[Math.min(sent.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return { ...answer }
  }
  return { send, sent }
}

const create = (send: Send, storage: OnceStorage, given = input) =>
  settled(once(send, CreateContactDocument, { input: given }, { storage, name: 'form' })).then(
    ({ result }) => result,
  )

const stored = (key: string, of: object = input, startedAt = 1_790_000_000_000) =>
  JSON.stringify({ key, variables: { input: of }, startedAt })

test.each([false, true])(
  'a call after a page load continues with the stored key (asynchronous: %s)',
  async (isAsync) => {
    const { items, storage } = memoryStorage(isAsync)
    const before = scripted(lost)
    expect(await create(before.send, storage)).toEqual({ status: 'unknown', error: lost, key: '0-0-0-0-1' })
    expect([...items]).toEqual([[item, stored('0-0-0-0-1')]])
    expect(await pendingVariables(storage, 'form')).toEqual({ input })

    const after = scripted({ data })
    // The order of properties does not matter.
    const { identifier, ...rest } = input
    const reordered = { ...rest, identifier }
    expect(await create(after.send, storage, reordered)).toEqual({ status: 'done', data, replayed: false })
    expect(new Set([...before.sent, ...after.sent])).toEqual(new Set(['0-0-0-0-1']))
    expect([...items]).toEqual([])
    expect(await pendingVariables(storage, 'form')).toBeNull()
  },
)

test('the key is stored before the first try', async () => {
  const { items, storage } = memoryStorage()
  const atSending: unknown[] = []
  await create(async () => {
    atSending.push([...items])
    return { data }
  }, storage)
  expect(atSending).toEqual([[[item, stored('0-0-0-0-1')]]])
})

test.each<[string, SendResult]>([
  ['user errors', { data: { createContact: { replayed: false, userErrors: [{ message: 'Wrong.' }] } } }],
  [
    'a refusal',
    {
      errors: [
        {
          message: 'No.',
          extensions: { code: 'FORBIDDEN', outcome: 'NOT_APPLIED', retryable: false, requestId: 'r1' },
        },
      ],
    },
  ],
])('after %s the key is removed', async (_name, answer) => {
  const { items, storage } = memoryStorage()
  await create(scripted(answer).send, storage)
  expect([...items]).toEqual([])
})

test('a stored key that a refusal answers stays stored: an earlier try may have made the change', async () => {
  const { items, storage } = memoryStorage()
  await create(scripted(lost).send, storage)
  const error = {
    message: 'No.',
    extensions: { code: 'FORBIDDEN', outcome: 'NOT_APPLIED', retryable: false, requestId: 'r1' },
  }
  const result = await create(scripted({ errors: [error] }).send, storage)
  expect(result).toEqual({ status: 'unknown', error, key: '0-0-0-0-1' })
  expect([...items]).toEqual([[item, stored('0-0-0-0-1')]])
})

test('another input gets another key', async () => {
  const { items, storage } = memoryStorage()
  await create(scripted(lost).send, storage)
  const other = scripted(lost)
  await create(other.send, storage, { ...input, name: 'Alan' })
  expect(new Set(other.sent)).toEqual(new Set(['0-0-0-0-2']))
  expect([...items]).toEqual([[item, stored('0-0-0-0-2', { ...input, name: 'Alan' })]])
})

test('another key of the application is another action', async () => {
  const { storage } = memoryStorage()
  await create(scripted(lost).send, storage)
  const own = scripted({ data })
  await create(own.send, storage, { ...input, idempotencyKey: 'mine' })
  expect(own.sent).toEqual(['mine'])
})

test('two calls at once share the key', async () => {
  const { items, storage } = memoryStorage()
  const { send, sent } = scripted(lost, lost, { data })
  const [first, second] = await Promise.all([create(send, storage), create(send, storage)])
  expect([first, second]).toEqual(
    Array.from({ length: 2 }, () => ({ status: 'done', data, replayed: false })),
  )
  expect(new Set(sent)).toEqual(new Set(['0-0-0-0-1']))
  expect([...items]).toEqual([])
})

test('the end of one call does not remove the key of another action', async () => {
  const { items, storage } = memoryStorage()
  await create(async () => {
    items.set(item, 'another')
    return { data }
  }, storage)
  expect([...items]).toEqual([[item, 'another']])
})

test.each(['another', '{}', '{"key":"k","startedAt":1,"variables":null}', 'null'])(
  'a stored %s is replaced',
  async (text) => {
    const { items, storage } = memoryStorage()
    items.set(item, text)
    const { send, sent } = scripted(lost)
    await create(send, storage)
    expect(new Set(sent)).toEqual(new Set(['0-0-0-0-1']))
    expect([...items]).toEqual([[item, stored('0-0-0-0-1')]])
  },
)

const tooOld = new Error('The key is too old: the gateway may no longer know it.')

test('a stored key that the gateway may have forgotten is not sent, and is removed', async () => {
  const { items, storage } = memoryStorage()
  await create(scripted(lost).send, storage)
  wallClock += 23 * hour + 1
  const late = scripted({ data })
  expect(await create(late.send, storage)).toEqual({ status: 'unknown', error: tooOld, key: '0-0-0-0-1' })
  expect(late.sent).toEqual([])
  expect([...items]).toEqual([])
})

test('a stored key is not sent after the clock was set back behind it: its age is unknown', async () => {
  const { items, storage } = memoryStorage()
  await create(scripted(lost).send, storage)
  wallClock -= hour
  const late = scripted({ data })
  expect(await create(late.send, storage)).toEqual({ status: 'unknown', error: tooOld, key: '0-0-0-0-1' })
  expect(late.sent).toEqual([])
  expect([...items]).toEqual([])
})

test('a machine that is suspended between two tries does not repeat with a forgotten key', async () => {
  let tries = 0
  const send: Send = async () => {
    tries += 1
    wallClock += 24 * hour
    throw lost
  }
  const result = await settled(once(send, CreateContactDocument, { input }))
  expect(result.result).toEqual({ status: 'unknown', error: tooOld, key: '0-0-0-0-1' })
  expect(tries).toBe(1)
})

const broken = new Error('The storage is full.')
const fail = (): never => {
  throw broken
}
const hang = (): Promise<never> => new Promise(() => undefined)

test.each<[string, Partial<OnceStorage>, object]>([
  ['cannot be read', { getItem: fail }, { status: 'unknown', error: broken }],
  [
    'does not answer',
    { getItem: hang },
    { status: 'unknown', error: new Error('No answer within 5000 ms.') },
  ],
  ['cannot be written', { setItem: fail }, { status: 'failed', error: broken }],
])('nothing is sent if the storage %s', async (_name, methods, expected) => {
  const { storage } = memoryStorage()
  const { send, sent } = scripted({ data })
  expect(await create(send, { ...storage, ...methods })).toEqual({ ...expected, key: '0-0-0-0-1' })
  expect(sent).toEqual([])
})

test('a storage that cannot remove the key does not hide the result', async () => {
  const { storage } = memoryStorage()
  const { send } = scripted({ data })
  expect(await create(send, { ...storage, removeItem: fail })).toEqual({
    status: 'done',
    data,
    replayed: false,
  })
})
