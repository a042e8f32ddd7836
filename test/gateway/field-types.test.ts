import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const plan = { name: 'Plan', value: 'Pro' }
const billing = { name: 'Billing Address', value: 'Via Roma 1' }

async function withFields() {
  const gateway = await createTestGateway()
  const { uuid } = gateway.sandbox.contacts.add({
    identifier: '1',
    source: 'whatsapp',
    name: 'Ada',
    custom_fields: { [plan.name]: plan.value, [billing.name]: billing.value },
  })
  return { ...gateway, uuid }
}

test('types and options of custom fields are returned for one contact and for a list', async () => {
  const { execute, sandbox, uuid } = await withFields()
  const customFields = [
    { ...plan, type: 'DROPDOWN', options: ['Free', 'Pro', 'Enterprise'] },
    { ...billing, type: 'TEXT', options: null },
  ]
  const selection = '{ customFields { name value type options } }'
  expect(
    await execute(`{ contact(uuid: "${uuid}") ${selection} contacts(first: 1) { nodes ${selection} } }`),
  ).toEqual({
    data: { contact: { customFields }, contacts: { nodes: [{ customFields }] } },
  })
  expect(sandbox.requests.map(({ path }) => path).toSorted()).toEqual([
    '/v1/contacts/' + uuid + '?include_field_types=true',
    '/v1/contacts?include_field_types=true',
  ])
})

test.each([
  ['{ customFields { type } }', true],
  ['{ customFields { options } }', true],
  ['{ customFields { kind: type } }', true],
  ['{ ...F }', true],
  ['{ ... on Contact { customFields { ... { type } } } }', true],
  ['{ customFields { type @include(if: $no) } }', false],
  ['{ customFields @skip(if: true) { type } }', false],
  ['{ customFields { type: name } }', false],
  // The type of a channel.
  ['{ channel { type } customFields { name } }', false],
])('%s requests types: %s', async (selection, isAsked) => {
  const { execute, sandbox, uuid } = await withFields()
  const fragment = selection === '{ ...F }' ? 'fragment F on Contact { customFields { type } }' : ''
  const no = selection.includes('$no') ? '($no: Boolean = false)' : ''
  const { errors } = await execute(`query ${no} { contact(uuid: "${uuid}") ${selection} } ${fragment}`)
  expect(errors).toBeUndefined()
  const [{ path } = { path: '' }] = sandbox.requests
  expect(path.endsWith('?include_field_types=true')).toBe(isAsked)
})

test('a type that the schema does not define is null', async () => {
  const { execute, sandbox, uuid } = await withFields()
  const contact = {
    uuid,
    customFields: { Colour: 'red' },
    customFieldsMetadata: { Colour: { type: 'colour' } },
  }
  sandbox.failNext({ status: 200, body: { contact } })
  expect(await execute(`{ contact(uuid: "${uuid}") { customFields { name type } } }`)).toEqual({
    data: { contact: { customFields: [{ name: 'Colour', type: null }] } },
  })
})

test('types are null where Callbell cannot return them', async () => {
  const { execute, sandbox } = await withFields()
  const query = '{ contactByPhone(phoneNumber: "1") { customFields { name type options } } }'
  expect(await execute(query)).toEqual({
    data: {
      contactByPhone: {
        customFields: [plan, billing].map(({ name }) => ({ name, type: null, options: null })),
      },
    },
  })
  expect(sandbox.requests.map(({ path }) => path)).toEqual(['/v1/contacts/phone/1'])
})
