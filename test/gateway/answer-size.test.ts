/** The size limits of responses, and the errors of responses that exceed them. */
import { expect, test } from 'vitest'
import { decodeContact } from '../../src/callbell/codec/decode-contact.ts'
import type { Message } from '../../src/domain/contact.ts'
import { createAnswerSizes, ResponseTooLarge } from '../../src/graphql/answer-size.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const limits = { maxResponseBytes: 100_000, maxTotalBytes: 150_000 }

test('a response may reach its limit, and one more byte stops it permanently', () => {
  const answer = createAnswerSizes(limits)()
  answer.add(60_000)
  answer.add(40_000)
  expect(answer.excess).toBeUndefined()
  const message =
    'Response too large: at most 100,000 bytes of strings and field names, and it has at least 100,001. Select less, or lower `first`.'
  expect(() => answer.add(1)).toThrow(message)
  expect(() => answer.add(0)).toThrow(message)
  expect(answer.excess).toBeInstanceOf(ResponseTooLarge)
  expect(answer.excess?.extensions).toEqual({ code: 'RESPONSE_TOO_LARGE', retryable: false })
})

test('the largest response is stopped, whichever exceeds the limit of all', () => {
  const begin = createAnswerSizes(limits)
  const [large, middle, small] = [begin(), begin(), begin()]
  large.add(80_000)
  middle.add(60_000)
  small.add(1000)
  // Small responses are not counted, so that they succeed beside large ones.
  expect([large.excess, middle.excess, small.excess]).toEqual([undefined, undefined, undefined])
  middle.add(11_000)
  expect([middle.excess, small.excess]).toEqual([undefined, undefined])
  expect(large.excess?.extensions).toEqual({ code: 'RESPONSE_TOO_LARGE', retryable: true })
  expect(large.excess?.message).toBe(
    'Too many large responses at the same time: together at most 150,000 bytes, and this one has the most, 80,000. Select less, or try again later.',
  )
  expect(() => large.add(1)).toThrow(ResponseTooLarge)
  large.release()
  middle.add(20_000)
  expect(middle.excess).toBeUndefined()
})

test('a released response does not count, however often it is released', () => {
  const begin = createAnswerSizes(limits)
  for (let turn = 0; turn < 10; turn += 1) {
    const answer = begin()
    answer.add(90_000)
    answer.release()
    answer.release()
    expect(answer.excess).toBeUndefined()
  }
})

test('a response of Callbell counts towards the limit of all responses, and not of one', () => {
  const begin = createAnswerSizes(limits)
  const [one, other] = [begin(), begin()]
  one.hold(120_000)
  one.add(10_000)
  expect(one.excess).toBeUndefined()
  other.hold(20_001)
  expect(other.excess).toBeUndefined()
  expect(one.excess?.extensions).toEqual({ code: 'RESPONSE_TOO_LARGE', retryable: true })
  one.release()
  other.hold(100_000)
  expect(other.excess).toBeUndefined()
})

const long = 'x'.repeat(10_000)

function messageOf(number: number): Message {
  return {
    uuid: `m${number}`,
    text: long,
    createdAt: null,
    status: 'note',
    channel: null,
    from: null,
    to: null,
  }
}

/** A gateway whose contacts have long notes, and 20 long messages. */
async function createLargeGateway(
  hasFastPath: boolean,
  answerLimits = limits,
): Promise<TestGateway & { readonly changed: string[] }> {
  const changed: string[] = []
  const decoded = decodeContact(JSON.stringify({ contact: { uuid: 'c1', note: long } }))
  const contact = 'contact' in decoded ? decoded.contact : expect.unreachable()
  const change = async ({ uuid }: { readonly uuid: string }) => {
    changed.push(uuid)
    return { result: contact, problems: [] }
  }
  const gateway = await createTestGateway({
    answerLimits,
    hasFastPath,
    contacts: {
      find: () => Promise.resolve(contact),
      openConversation: change,
      closeConversation: change,
      messages: () =>
        Promise.resolve({
          edges: Array.from({ length: 20 }, (_, index) => ({
            cursor: String(index),
            node: messageOf(index),
          })),
          pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
        }),
    },
  })
  return { ...gateway, changed }
}

const tooLarge = {
  message: expect.stringMatching(/^Response too large: at most 100,000 bytes of strings and field names/),
  locations: expect.any(Array),
  path: expect.any(Array),
  extensions: {
    code: 'RESPONSE_TOO_LARGE',
    retryable: false,
    requestId: expect.stringMatching(/^[\w-]{36}$/),
  },
}

test.each([true, false])(
  'a response with many aliases of one long string is stopped (fast path: %s)',
  async (hasFastPath) => {
    const { execute } = await createLargeGateway(hasFastPath)
    const aliases = Array.from({ length: 9 }, (_, index) => `a${index}: note`).join(' ')
    const small = `{ contact(uuid: "u") { ${aliases} } }`
    const large = `{ contact(uuid: "u") { ${aliases} a9: note } }`
    for (let run = 0; run < 3; run += 1) {
      expect(await execute(small)).toMatchObject({ data: { contact: { a8: long } } })
      expect(await execute(large)).toEqual({ data: { contact: null }, errors: [tooLarge] })
    }
  },
)

test.each([true, false])('a response with long names is stopped (fast path: %s)', async (hasFastPath) => {
  const { execute } = await createLargeGateway(hasFastPath)
  const name = 'n'.repeat(6000)
  const query = `{ contact(uuid: "u") { uuid messages { nodes { ${name}: uuid } } } }`
  for (let run = 0; run < 3; run += 1) {
    expect(await execute(query)).toEqual({ data: { contact: null }, errors: [tooLarge] })
  }
})

test.each([true, false])(
  'a mutation whose response is too large returns the outcome of each change (fast path: %s)',
  async (hasFastPath) => {
    const { execute, changed } = await createLargeGateway(hasFastPath)
    const query = `mutation {
      a: openConversation(input: { uuid: "a" }) { contact { uuid } }
      b: openConversation(input: { uuid: "b" }) { contact { messages { nodes { text } } } }
      c: closeConversation(input: { uuid: "c" }) { contact { uuid } }
    }`
    for (let run = 1; run <= 3; run += 1) {
      const { data, errors } = await execute(query)
      expect(data).toEqual({ a: { contact: { uuid: 'c1' } }, b: null, c: null })
      expect(
        errors?.map(({ path, extensions }) => [path?.[0], extensions?.['code'], extensions?.['outcome']]),
      ).toEqual([
        ['b', 'RESPONSE_TOO_LARGE', 'APPLIED'],
        ['c', 'RESPONSE_TOO_LARGE', 'NOT_APPLIED'],
      ])
      // The field after it has not started.
      expect(changed).toEqual(Array.from({ length: run }, () => ['a', 'b']).flat())
    }
  },
)

test.each([true, false])(
  'a response without memory left is retryable, unless it changed something (fast path: %s)',
  async (hasFastPath) => {
    const crowded = { maxResponseBytes: 100_000, maxTotalBytes: 60_000 }
    const { execute } = await createLargeGateway(hasFastPath, crowded)
    const selected = '{ contact { messages { nodes { text } } } }'
    const query = await execute('{ contact(uuid: "a") { messages { nodes { text } } } }')
    const mutation = await execute(`mutation { a: openConversation(input: { uuid: "a" }) ${selected} }`)
    expect([query, mutation].map(({ errors }) => errors?.map(({ extensions }) => extensions))).toEqual([
      [{ code: 'RESPONSE_TOO_LARGE', retryable: true, requestId: expect.any(String) }],
      [
        {
          code: 'RESPONSE_TOO_LARGE',
          outcome: 'APPLIED',
          retryable: false,
          requestId: expect.any(String),
        },
      ],
    ])
  },
)
