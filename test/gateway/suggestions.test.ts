/** "Did you mean …?" is only shown to callers that may read the schema, because it reveals names. */
import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const create = 'mutation ($i: CreateContactInput!) { createContact(input: $i) { replayed } }'
const input = { identifier: '1', source: 'WHATSAPP', name: 'A' }

const mistakes: [query: string, variables: object, message: string, suggestion: string][] = [
  [
    '{ contac(uuid: "1") { name } }',
    {},
    'Cannot query field "contac" on type "Query".',
    ' Did you mean "contact" or "contacts"?',
  ],
  [
    'mutation { createContact(input: { identifier: "1", source: WHATSAP, name: "A" }) { replayed } }',
    {},
    'Value "WHATSAP" does not exist in "ContactSource" enum.',
    ' Did you mean the enum value "WHATSAPP"?',
  ],
  [
    create,
    { i: { ...input, source: 'WHATSAP' } },
    'Variable "$i" got invalid value "WHATSAP" at "i.source"; Value "WHATSAP" does not exist in "ContactSource" enum.',
    ' Did you mean the enum value "WHATSAPP"?',
  ],
  [
    create,
    { i: { ...input, nam: 'A' } },
    'Variable "$i" got invalid value { identifier: "1", source: "WHATSAPP", name: "A", nam: "A" }; Field "nam" is not defined by type "CreateContactInput".',
    ' Did you mean "name"?',
  ],
]

test.each(mistakes)(
  '%s with %j has a suggestion only if introspection is on',
  async (query, variables, message, suggestion) => {
    for (const introspection of [true, false]) {
      const { execute } = await createTestGateway({ introspection, graphiql: false })
      // The second run of a document may take the fast path.
      for (const run of [1, 2]) {
        const { errors } = await execute(query, variables)
        const expected = introspection ? message + suggestion : message
        expect([run, errors?.map((error) => error.message)]).toEqual([run, [expected]])
      }
    }
  },
)

test('a message with a suggestion is cut at 300 characters', async () => {
  const { execute } = await createTestGateway()
  const { errors } = await execute(create, { i: { ...input, note: 'x'.repeat(500), nam: 'A' } })
  expect(errors?.map(({ message }) => message.length)).toEqual([300])
})

test('at most five wrong variables are reported', async () => {
  const { execute } = await createTestGateway()
  const names = Object.fromEntries(Array.from({ length: 1000 }, (_, number) => [`nam${number}`, 'A']))
  const { errors } = await execute(create, { i: { ...input, ...names } })
  expect(errors).toHaveLength(6)
  expect(errors?.at(-1)?.message).toBe(
    'Too many errors processing variables, error limit reached. Execution aborted.',
  )
})
