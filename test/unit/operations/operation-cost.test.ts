import { getOperationAST, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../../src/schema.ts'
import { PlanCache, PreparedOperation } from '../../../src/operations/prepared-operation.ts'
import { createTestGateway } from '../../support/test-gateway.ts'

function costOf(text: string, variables: Readonly<Record<string, unknown>> = {}): number {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document) ?? expect.unreachable()
  const prepared = new PreparedOperation(schema, document, operation, new PlanCache(1000))
  return prepared.planFor(variables).calls(variables)
}

test.each([
  ['{ __typename }', 0],
  ['{ __schema { types { name } } }', 0],
  ['{ contact(uuid: "1") { name } contactByPhone(phoneNumber: "1") { name } }', 2],
  // GraphQL merges what is asked for twice under one name.
  ['{ contact(uuid: "1") { name } contact(uuid: "1") { note } }', 1],
  ['{ teams { name } channels { title } funnels { name } }', 3],
  ['{ contacts { nodes { name } } }', 1],
  ['{ contacts(first: 21) { nodes { name } } }', 2],
  ['{ contacts(first: 100) { nodes { name } } }', 5],
  ['{ contacts(first: 100) { nodes { bot { name } } } }', 105],
  ['{ contacts(first: 100) { edges { node { ...B } } } } fragment B on Contact { bot { name } }', 105],
  // Each is read by itself.
  ['{ contacts(first: 10) { nodes { bot { name } } edges { node { bot { name } } } } }', 21],
  ['{ contacts(first: 3) { nodes { messages(first: 40) { nodes { text } } } } }', 7],
  ['{ contact(uuid: "1") { messages(first: 40) { nodes { text } } bot { name } } }', 4],
  ['{ contact(uuid: "1") { a: bot { name } b: bot { name } bot @skip(if: true) { name } } }', 3],
  ['{ contacts(first: 0) { nodes { name } } }', 1],
  ['mutation { updateContact(input: { uuid: "1", name: "A" }) { contact { id } } }', 1],
  ['mutation { updateContact(input: { uuid: "1", tags: ["A"] }) { contact { id } } }', 1],
  ['mutation { updateContact(input: { uuid: "1", addTags: ["A"] }) { contact { id } } }', 3],
  ['mutation { updateContact(input: { uuid: "1", tags: [], expectedTags: [] }) { contact { id } } }', 3],
  [
    'mutation { openConversation(input: { uuid: "1" }) { contact { bot { id: uuid } messages { nodes { text } } } } }',
    3,
  ],
])('%s costs %i', (document, calls) => {
  expect(costOf(document)).toBe(calls)
})

test.each([
  [{}, 1],
  [{ first: null }, 1],
  [{ first: 100 }, 5],
  [{ first: 10, bot: true }, 11],
  [{ first: 100_000 }, 5],
])('variables count: %j costs %i', (variables, calls) => {
  const document =
    'query ($first: Int, $bot: Boolean = false) { contacts(first: $first) { nodes { bot @include(if: $bot) { name } } } }'
  expect(costOf(document, { bot: false, ...variables })).toBe(calls)
})

test.each([
  [{ uuid: '1', name: 'A' }, 1],
  [{ uuid: '1', removeTags: ['A'], addTags: null }, 3],
  [{}, 1],
])('an input by a variable counts: %j costs %i', (given, calls) => {
  const document =
    'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }'
  expect(costOf(document, { input: given })).toBe(calls)
})

function listWithBots(first: number): string {
  return `{ contacts(first: ${first}) { nodes { bot { name } } } }`
}

test('an operation of more than 50 calls is refused before it starts', async () => {
  const { post, sandbox } = await createTestGateway()
  const response = await post(JSON.stringify({ query: listWithBots(100) }))
  expect([response.status, await response.json()]).toMatchObject([
    400,
    {
      errors: [
        {
          message:
            'This operation needs 105 calls to Callbell; the limit is 50. Ask for fewer in `first`, or without `bot` and `messages` of each contact',
          extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
        },
      ],
    },
  ])
  expect(sandbox.requests).toEqual([])
  expect((await post(JSON.stringify({ query: listWithBots(47) }))).status).toBe(200)
})

test('an operation makes the calls that it planned', async () => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 60 } })
  const document =
    'query ($after: String) { contacts(first: 15, after: $after) { nodes { bot { name } messages { nodes { text } } } pageInfo { endCursor } } }'
  let after: string | null = null
  for (let step = 0; step < 3; step += 1) {
    const before = sandbox.requests.length
    const { data }: { data?: Answer | null } = await execute<Answer, object>(document, { after })
    expect(sandbox.requests.length - before).toBe(costOf(document, { after }))
    after = data?.contacts.pageInfo.endCursor ?? null
  }
})

interface Answer {
  readonly contacts: { readonly pageInfo: { readonly endCursor: string | null } }
}

test('a caller pays for what is below a list as well', async () => {
  const { execute, sandbox } = await createTestGateway({ callerRps: 5 })
  const { errors } = await execute('{ contacts(first: 10) { nodes { bot { name } } } }')
  expect(errors).toMatchObject([
    {
      message: 'This operation needs 11 calls to Callbell; the limit for this caller is 10 at once',
      extensions: { code: 'RATE_LIMITED' },
    },
  ])
  expect(sandbox.requests).toEqual([])
})
