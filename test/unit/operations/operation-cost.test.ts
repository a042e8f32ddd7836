import { expect, test } from 'vitest'
import { costOf } from '../../support/operation-cost.ts'

test.each([
  ['{ __typename }', 0],
  ['{ __schema { types { name } } }', 0],
  ['{ contact(uuid: "1") { name } contactByPhone(phoneNumber: "1") { name } }', 2],
  // GraphQL merges two fields with one name.
  ['{ contact(uuid: "1") { name } contact(uuid: "1") { note } }', 1],
  ['{ teams { name } channels { title } funnels { name } }', 3],
  ['{ contacts { nodes { name } } }', 1],
  ['{ contacts(first: 21) { nodes { name } } }', 2],
  ['{ contacts(first: 100) { nodes { name } } }', 5],
  ['{ contacts(first: 100) { nodes { bot { name } } } }', 105],
  ['{ contacts(first: 100) { edges { node { ...B } } } } fragment B on Contact { bot { name } }', 105],
  // Each of the two bots is read separately.
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
    'mutation { openConversation(input: { uuid: "1" }) { contact { bot { id: botUuid } messages { nodes { text } } } } }',
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
])('the variables %j cost %i', (variables, calls) => {
  const document =
    'query ($first: Int, $bot: Boolean = false) { contacts(first: $first) { nodes { bot @include(if: $bot) { name } } } }'
  expect(costOf(document, { bot: false, ...variables })).toBe(calls)
})

test.each([
  [{ uuid: '1', name: 'A' }, 1],
  [{ uuid: '1', removeTags: ['A'], addTags: null }, 3],
  [{}, 1],
])('the input %j as a variable costs %i', (given, calls) => {
  const document =
    'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }'
  expect(costOf(document, { input: given })).toBe(calls)
})
