/** Callers with only the scope `contacts:write`. */
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseApiKeys } from '../../../src/config/api-keys.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { create, upstreamRequests, resultOf, tagList, withTags } from '../../support/attacks.ts'

/** John Doe, a contact of each sandbox. */
const john = '414a6d692bd645ed803f2e7ce360d4c8'
const forbidden = (field: string) => ({
  status: 403,
  data: undefined,
  errors: [
    `FORBIDDEN: This mutation reads ${field}; this API key does not have the scope contacts:read. Select only \`id\` and \`uuid\` of what it changes.`,
  ],
})
const open = (selection: string): string => `mutation{openConversation(input:{uuid:"${john}"}){${selection}}}`

describe('a caller with only the scope contacts:write', () => {
  const digest = hash('sha256', 'w')
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: `writer:${digest}:write`, GATEWAY_API_KEYS_FILE: '' })
  const keys = 'keys' in parsed ? parsed.keys : []
  test.each<[string, string]>([
    [open('contact{name phoneNumber note}'), 'Contact.name'],
    [
      open('contact{id ...F} } } fragment F on Contact{x:phoneNumber').replace(/}}$/, '}'),
      'Contact.phoneNumber',
    ],
    [open('contact{uuid messages{nodes{text}}}'), 'Contact.messages'],
    [open('contact{uuid messages{pageInfo{hasNextPage}}}'), 'Contact.messages'],
    [open('contact{id:bot{botUuid}}'), 'Contact.bot'],
    [open('contact{uuid:tags}'), 'Contact.tags'],
    [open('userErrors{message} contact{...on Contact{team{id}}}'), 'Contact.team'],
    [`mutation{${create}}`, 'Contact.name'],
    [`mutation{setBotStatus(input:{uuid:"${john}",status:START}){bot{botUuid status}}}`, 'ContactBot.status'],
    [`mutation{a:__typename ${create.replace('{name}', '{id}')} b:${create}}`, 'Contact.name'],
  ])('is refused with %s', async (query, field) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    for (let run = 0; run < 3; run += 1) {
      const response = await gateway.post(JSON.stringify({ query }), { 'x-api-key': 'w' })
      expect(await resultOf(response)).toEqual(forbidden(field))
    }
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('reads ids and userErrors of its mutations', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    const query = `mutation{${open('contact{__typename id uuid} userErrors{message field code}').slice(9, -1)} deleteContact(input:{uuid:""}){deletedUuid userErrors{code}}}`
    const response = await gateway.post(JSON.stringify({ query }), { 'x-api-key': 'w' })
    expect(await resultOf(response)).toEqual({
      status: 200,
      data: {
        openConversation: { contact: { __typename: 'Contact', id: john, uuid: john }, userErrors: [] },
        deleteContact: { deletedUuid: null, userErrors: [{ code: 'BLANK' }] },
      },
      errors: undefined,
    })
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('is refused by the value of a condition at each run', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    const query = `mutation($s:Boolean!){openConversation(input:{uuid:"${john}"}){contact{uuid name@skip(if:$s)}}}`
    const ask = async (s: boolean) =>
      resultOf(await gateway.post(JSON.stringify({ query, variables: { s } }), { 'x-api-key': 'w' }))
    const opened = { status: 200, data: { openConversation: { contact: { uuid: john } } }, errors: undefined }
    expect([await ask(true), await ask(false), await ask(true), await ask(false)]).toEqual([
      opened,
      forbidden('Contact.name'),
      opened,
      forbidden('Contact.name'),
    ])
    expect(upstreamRequests(gateway)).toBe(2)
  })
})

/** An entry of GATEWAY_API_KEYS. */
const entryOf = (key: string): string => `${key}:${hash('sha256', key)}`

describe('a conflict of tags', () => {
  const query =
    'mutation($input:UpdateContactInput!){updateContact(input:$input){userErrors{field message code}}}'
  const variables = { input: { uuid: '1', addTags: ['Newsletter'], expectedTags: ['Interested'] } }
  const text = `${entryOf('both')},${entryOf('write')}:write`
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: text, GATEWAY_API_KEYS_FILE: '' })
  const apiKeys = 'keys' in parsed ? parsed.keys : []

  test.each([
    ['both', ['VIP'], '`expectedTags` are not the tags that the contact has: ["VIP"].'],
    ['both', tagList(501), '`expectedTags` are not the 501 tags that the contact has.'],
    ['write', ['VIP'], '`expectedTags` are not the tags that the contact has.'],
    ['write', tagList(501), '`expectedTags` are not the tags that the contact has.'],
  ])(
    'a conflict of expectedTags shows at most 500 tags, and only to a key that may read: %s',
    async (key, tags, message) => {
      const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
      gateway.sandbox.failNext({ on: 'GET', status: 200, body: withTags(tags) })
      const response = await gateway.post(JSON.stringify({ query, variables }), { 'x-api-key': key })
      const userErrors = [{ field: ['input', 'expectedTags'], message, code: 'CONFLICT' }]
      expect(await response.json()).toEqual({ data: { updateContact: { userErrors } } })
      expect(gateway.sandbox.requests.map(({ method }) => method)).toEqual(['GET'])
    },
  )

  test.each([
    ['both', 'VIP', 'The contact has this tag as "VIP".'],
    ['both', `VIP${' '.repeat(100_000)}`, 'The contact has this tag in another spelling.'],
    ['write', 'VIP', 'The contact has this tag in another spelling.'],
  ])(
    'a conflict of removeTags shows a short tag, and only to a key that may read: %s',
    async (key, tag, reason) => {
      const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
      gateway.sandbox.failNext({ on: 'GET', status: 200, body: withTags([tag]) })
      const removal = { input: { uuid: '1', removeTags: ['vip'] } }
      const body = JSON.stringify({ query, variables: removal })
      const response = await gateway.post(body, { 'x-api-key': key })
      const message = `${reason} Tags are removed exactly as they are spelled.`
      const userErrors = [{ field: ['input', 'removeTags', '0'], message, code: 'CONFLICT' }]
      expect(await response.json()).toEqual({ data: { updateContact: { userErrors } } })
      expect(gateway.sandbox.requests.map(({ method }) => method)).toEqual(['GET'])
    },
  )
})
