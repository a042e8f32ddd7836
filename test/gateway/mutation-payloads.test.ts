/** What payloads of mutations have beside the result of Callbell, and what it costs. */
import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const john = '414a6d692bd645ed803f2e7ce360d4c8'
const pathsOf = (requests: readonly { readonly method: string; readonly path: string }[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path}`)

const typed = 'contact { id customFields { name value type options } }'
const preferences = {
  name: 'Preferences',
  value: '["Dark Mode"]',
  type: 'CHECKBOX',
  options: ['Dark Mode', 'Notifications', 'Weekly Report'],
}
const setPreferences = `customFields: [{ name: "Preferences", values: ["Dark Mode"] }]`

test('custom fields have types and options after a mutation that selects them, for one more call', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data } = await execute(
    `mutation { updateContact(input: { uuid: "${john}", ${setPreferences} }) { ${typed} } }`,
  )
  expect(data).toEqual({
    updateContact: { contact: { id: john, customFields: expect.arrayContaining([preferences]) } },
  })
  expect(pathsOf(sandbox.requests)).toEqual([
    `PATCH /v1/contacts/${john}`,
    expect.stringMatching(`^GET /v1/contacts/${john}\\?`),
  ])
  const created = await execute(
    `mutation { createContact(input: { identifier: "+39 02 1", source: WHATSAPP, name: "Ada", ${setPreferences} }) { ${typed} } }`,
  )
  expect(created.data).toEqual({
    createContact: { contact: { id: expect.any(String), customFields: [preferences] } },
  })
})

test('a mutation keeps its result if the types of custom fields cannot be read', async () => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 1000 })
  sandbox.failNext({ on: 'GET', status: 401, body: { error: 'not authorized' } })
  const { data, errors } = await execute(
    `mutation { updateContact(input: { uuid: "${john}", ${setPreferences} }) { ${typed} } }`,
  )
  expect(errors).toBeUndefined()
  expect(data).toEqual({
    updateContact: {
      contact: {
        id: john,
        customFields: expect.arrayContaining([{ ...preferences, type: null, options: null }]),
      },
    },
  })
})

test('setBotStatus returns the contact with its bot', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data } = await execute(
    `mutation { setBotStatus(input: { uuid: "${john}", status: END }) { contact { id bot { status } } } }`,
  )
  expect(data).toEqual({ setBotStatus: { contact: { id: john, bot: { status: 'ended' } } } })
  expect(pathsOf(sandbox.requests)).toEqual([
    expect.stringMatching(`^\\w+ /v1/contacts/${john}/bot`),
    `GET /v1/contacts/${john}`,
    expect.stringMatching(`^GET /v1/contacts/${john}/bot`),
  ])
})

test('a contact that cannot be read after setBotStatus is null, with the outcome APPLIED', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ on: 'GET', status: 401, body: { error: 'not authorized' } })
  const { data, errors } = await execute(
    `mutation { setBotStatus(input: { uuid: "${john}", status: END }) { contact { id } userErrors { code } } }`,
  )
  expect(data).toEqual({ setBotStatus: { contact: null, userErrors: [] } })
  expect(errors).toMatchObject([
    {
      path: ['setBotStatus', 'contact'],
      extensions: { code: 'CALLBELL_UNAUTHORIZED', outcome: 'APPLIED', retryable: false },
    },
  ])
})

const add = (text: string, key = text): string =>
  `mutation { addConversationNote(input: { uuid: "${john}", text: "${text}", idempotencyKey: "${key}" }) { success replayed message { uuid text status } } }`

test('addConversationNote returns the note as a message, also when it is a replay', async () => {
  const { execute, sandbox } = await createTestGateway()
  const message = { uuid: expect.stringMatching(/./), text: 'one', status: 'note' }
  const first = { addConversationNote: { success: true, replayed: false, message } }
  const { data } = await execute(add('one'))
  expect(data).toEqual(first)
  await execute(add('two'))
  expect((await execute(add('one'))).data).toEqual({
    addConversationNote: { success: true, replayed: true, message },
  })
  expect(sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(2)
  expect((await execute(add(' ', 'three'))).data).toEqual({
    addConversationNote: { success: false, replayed: false, message: null },
  })
})

test('node finds a contact by its id, with types of custom fields', async () => {
  const { execute, sandbox } = await createTestGateway()
  await execute(
    `mutation { updateContact(input: { uuid: "${john}", ${setPreferences} }) { contact { id } } }`,
  )
  const query = `query ($id: ID!) { node(id: $id) { __typename id ... on Contact { name customFields { name value type options } } } }`
  expect((await execute(query, { id: john })).data).toEqual({
    node: {
      __typename: 'Contact',
      id: john,
      name: 'John Doe',
      customFields: expect.arrayContaining([preferences]),
    },
  })
  expect((await execute(query, { id: 'unknown' })).data).toEqual({ node: null })
  expect(sandbox.requests).toHaveLength(3)
})

const edit = (fields: string): string =>
  `mutation { updateContact(input: { uuid: "${john}", ${fields} }) { userErrors { field code } } }`

const rejected = (field: string[] | null): object => ({
  updateContact: { userErrors: [{ field, code: 'REJECTED' }] },
})

test('a rejected tag of addTags has its position in addTags', async () => {
  const { execute, sandbox } = await createTestGateway()
  await execute(edit('tags: ["VIP"]'))
  const rejection = { on: 'PATCH' as const, status: 422 }
  sandbox.failNext(
    { ...rejection, body: { error: { tags: ['tag "Nope" does not exist'] } } },
    { ...rejection, body: { error: { tags: ['tag "VIP" does not exist'] } } },
    { ...rejection, body: { error: { tags: ['are odd'] } } },
  )
  const fieldsOf = async (fields: string): Promise<unknown> => (await execute(edit(fields))).data
  expect(await fieldsOf('addTags: ["Interested", "Nope"]')).toEqual(rejected(['input', 'addTags', '1']))
  // The caller did not name this tag: the contact has it.
  expect(await fieldsOf('addTags: ["Interested"]')).toEqual(rejected(null))
  expect(await fieldsOf('addTags: ["Interested"]')).toEqual(rejected(['input', 'addTags']))
})
