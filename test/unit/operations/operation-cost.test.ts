import type { GraphQLSchema } from 'graphql'
import { buildSchema, getOperationAST, isObjectType, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import type { FieldCost } from '../../../src/graphql/field-cost.ts'
import { schema } from '../../../src/schema.ts'
import { PlanCache, PreparedOperation } from '../../../src/operations/prepared-operation.ts'
import { createTestGateway } from '../../support/test-gateway.ts'

function costOf(
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
  ofSchema: GraphQLSchema = schema,
): number {
  const document = parse(text)
  expect(validate(ofSchema, document)).toEqual([])
  const operation = getOperationAST(document) ?? expect.unreachable()
  const prepared = new PreparedOperation(ofSchema, document, operation, new PlanCache(1000))
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

/** A schema with what the gateway's own does not have: an interface, a union and a list argument. */
function createAbstractSchema(): GraphQLSchema {
  const small = buildSchema(`
    type Query {
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
      found: Found
    }
    interface Node { id: ID! owner: Person }
    type Person implements Node { id: ID! owner: Person bot: String messages: [String!] }
    type Team implements Node { id: ID! owner: Person members: [Person!] }
    union Found = Person | Team
  `)
  const one: FieldCost = () => ({ calls: 1 })
  declareCost(small, 'Query', 'nodes', ({ ids }) => {
    const calls = Array.isArray(ids) ? ids.length : 0
    return { calls, multiplier: calls }
  })
  declareCost(small, 'Person', 'bot', one)
  declareCost(small, 'Person', 'messages', () => ({ calls: 5 }))
  declareCost(small, 'Team', 'owner', one)
  declareCost(small, 'Team', 'members', () => ({ calls: 2, multiplier: 3 }))
  return small
}

function declareCost(ofSchema: GraphQLSchema, typeName: string, fieldName: string, cost: FieldCost): void {
  const type = ofSchema.getType(typeName)
  const field = isObjectType(type) ? type.getFields()[fieldName] : undefined
  if (field === undefined) expect.unreachable()
  field.extensions = { cost }
}

test.each<[string, Readonly<Record<string, unknown>>, number]>([
  ['{ node(id: 1) { id } }', {}, 1],
  // The field of the interface declares no cost. That of one of its types does.
  ['{ node(id: 1) { owner { id } } }', {}, 2],
  ['{ node(id: 1) { ... on Person { owner { id } } } }', {}, 1],
  ['{ node(id: 1) { ... on Person { bot } } }', {}, 2],
  // A value has one type: the most expensive type counts, and not the sum of all.
  ['{ node(id: 1) { ... on Person { bot messages } ... on Team { members { id } } } }', {}, 7],
  ['{ node(id: 1) { ... on Person { bot } ... on Team { members { bot } } } }', {}, 6],
  ['{ node(id: 1) { ...P ...T } } fragment P on Person { bot } fragment T on Team { owner { bot } }', {}, 3],
  ['{ found { ... on Person { messages } ... on Node { owner { bot } } } }', {}, 7],
  ['{ nodes(ids: []) { owner { id } } }', {}, 0],
  ['{ nodes(ids: [1, 2, 3]) { id } }', {}, 3],
  ['{ nodes(ids: [1, 2, 3]) { ... on Person { bot } } }', {}, 6],
  ['{ nodes(ids: [1, 2, 3]) { ... on Team { owner { messages } } } }', {}, 21],
  // One value is a list of one.
  ['{ nodes(ids: 1) { id } }', {}, 1],
  ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['1', '2'] }, 2],
  ['query ($id: ID!) { nodes(ids: [$id, 2]) { ... on Person { bot } } }', { id: '1' }, 4],
  [
    'query ($bot: Boolean!) { nodes(ids: [1, 2]) { ... on Person @include(if: $bot) { bot } } }',
    { bot: true },
    4,
  ],
  [
    'query ($bot: Boolean!) { nodes(ids: [1, 2]) { ... on Person @include(if: $bot) { bot } } }',
    { bot: false },
    2,
  ],
])('types and lists count: %s with %j costs %i', (document, variables, calls) => {
  expect(costOf(document, variables, createAbstractSchema())).toBe(calls)
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
