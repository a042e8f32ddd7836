import type { ExecutionResult } from 'graphql'
import { expect, test } from 'vitest'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { notFound } from '../support/test-sandbox.ts'

const document = `query ($uuid: ID!, $first: Int, $after: String) {
  contact(uuid: $uuid) {
    uuid
    messages(first: $first, after: $after) {
      nodes { uuid text createdAt status channel from to }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

interface Messages {
  readonly nodes: readonly object[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

interface Answer {
  readonly contact: { readonly messages: Messages }
}

function seeded(): Promise<TestGateway> {
  return createTestGateway({ sandbox: { seed: 60 } })
}

/** A contact with more than two pages of messages. */
function contactWithMessages({ contacts }: Sandbox) {
  return contacts.entries().find(({ messages }) => messages.length > 40) ?? expect.unreachable()
}

test.each([1, 7, 20, 30, 100])('pages of %i messages show every message once, in order', async (first) => {
  const { execute, sandbox } = await seeded()
  const { contact, messages } = contactWithMessages(sandbox)
  const shown: object[] = []
  let after: string | null = null
  for (let hasNextPage = true; hasNextPage;) {
    const result: ExecutionResult<Answer> = await execute(document, { uuid: contact.uuid, first, after })
    const { nodes, pageInfo }: Messages = result.data?.contact.messages ?? expect.unreachable()
    shown.push(...nodes)
    hasNextPage = pageInfo.hasNextPage
    after = pageInfo.endCursor
  }
  expect(shown).toEqual(messages)
})

/** A page with `count` messages. */
function pageOf(count: number, meta: unknown): Fault {
  const messages = Array.from({ length: count }, (_, number) => ({ uuid: `m${number}` }))
  return { status: 200, body: { messages, meta } }
}

/** The pages, and how many of them are read. */
test.each<[string, Fault[], number]>([
  ['incomplete pages with a page count', [pageOf(1, { pages: 2 }), pageOf(1, { pages: '2' })], 2],
  ['incomplete pages with a next page', [pageOf(1, { next: 2 }), pageOf(1, { next: null })], 2],
  ['a full page that is the only one', [pageOf(20, { pages: 1 })], 1],
  ['a full page and an incomplete one', [pageOf(20, { next: null }), pageOf(2, {})], 2],
])('%s are read to the end', async (_what, pages, count) => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  sandbox.failNext({}, ...pages)
  const { data } = await execute<Answer, object>(document, { uuid, first: 40 })
  expect(data?.contact.messages.pageInfo.hasNextPage).toBe(false)
  expect(sandbox.requests.slice(1).map(({ path }) => path)).toEqual(
    Array.from({ length: count }, (_, index) => `/v1/contacts/${uuid}/messages?page=${index + 1}`),
  )
})

test.each<[string, unknown]>([
  ['a page count that is not a number', { pages: true }],
  ['a next page that is not a number', { next: 'abc' }],
  ['a next page that is this one', { next: 1 }],
])('%s fails the messages instead of shortening them', async (_what, meta) => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  sandbox.failNext({}, pageOf(1, meta))
  expect(await execute(document, { uuid })).toMatchObject({
    data: { contact: { messages: null } },
    errors: [{ path: ['contact', 'messages'], extensions: { code: 'CALLBELL_INVALID_RESPONSE' } }],
  })
  expect(sandbox.requests).toHaveLength(2)
})

test('after a full page without a count, the next page may be empty', async () => {
  const { execute, sandbox } = await seeded()
  const messages = Array.from({ length: 20 }, (_, n) => ({ uuid: `m${n}` }))
  sandbox.failNext({}, { status: 200, body: { messages } }, {}, { status: 200, body: { messages: [] } })
  const { uuid } = contactWithMessages(sandbox).contact
  const full = await execute<Answer, object>(document, { uuid })
  expect(full.data?.contact.messages.pageInfo.hasNextPage).toBe(true)
  const after = full.data?.contact.messages.pageInfo.endCursor
  expect(await execute(document, { uuid, after })).toMatchObject({
    data: { contact: { messages: { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } } },
  })
  expect(sandbox.requests.map(({ path }) => path)).toContain(`/v1/contacts/${uuid}/messages?page=2`)
})

test('cursors of messages without a uuid are positions', async () => {
  const { execute, sandbox } = await seeded()
  const page = { status: 200, body: { messages: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] } }
  sandbox.failNext({}, page, {}, page)
  const { uuid } = contactWithMessages(sandbox).contact
  const one = await execute<Answer, object>(document, { uuid, first: 2 })
  const after = one.data?.contact.messages.pageInfo.endCursor
  const other = await execute<Answer, object>(document, { uuid, first: 2, after })
  const pages = [one, other].map(({ data }) => data?.contact.messages.nodes)
  expect(pages).toMatchObject([[{ text: 'a' }, { text: 'b' }], [{ text: 'c' }]])
})

test('a message id of 255 emoji works as a cursor', async () => {
  const { execute, sandbox } = await seeded()
  const page = { status: 200, body: { messages: [{ uuid: '😀'.repeat(255) }, { uuid: 'b' }] } }
  sandbox.failNext({}, page, {}, page)
  const { uuid } = contactWithMessages(sandbox).contact
  const one = await execute<Answer, object>(document, { uuid, first: 1 })
  const after = one.data?.contact.messages.pageInfo.endCursor
  expect(await execute(document, { uuid, first: 1, after })).toMatchObject({
    data: { contact: { messages: { nodes: [{ uuid: 'b' }] } } },
  })
})

test('a cursor of another contact’s messages is refused', async () => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  const { data } = await execute<Answer, object>(document, { uuid })
  const after = data?.contact.messages.pageInfo.endCursor
  const other = sandbox.contacts.all().find((contact) => contact.uuid !== uuid)?.uuid
  expect(await execute(document, { uuid: other, after })).toMatchObject({
    data: { contact: { messages: null } },
    errors: [{ path: ['contact', 'messages'], extensions: { code: 'BAD_USER_INPUT' } }],
  })
})

test('the bot is read once for each contact, and only if it is selected', async () => {
  const { execute, sandbox } = await seeded()
  const fields = 'botUuid name status conversationStartedAt version isLatestVersion'
  const { data } = await execute<{ contacts: { nodes: { uuid: string }[] } }, never>(
    `{ contacts(first: 3) { nodes { uuid bot { ${fields} } } } }`,
  )
  expect(data?.contacts.nodes).toEqual(
    data?.contacts.nodes.map(({ uuid }) => {
      const {
        uuid: botUuid,
        latestBotVersion: isLatestVersion,
        ...bot
      } = sandbox.contacts.find(uuid)?.bot ?? expect.unreachable()
      return { uuid, bot: { ...bot, botUuid, isLatestVersion } }
    }),
  )
  expect(sandbox.requests).toHaveLength(4)
  await execute('{ contacts(first: 3) { nodes { uuid } } }')
  expect(sandbox.requests).toHaveLength(5)
})

test.each([
  ['null', null],
  ['an empty list', []],
])('a bot that is %s is null without an error', async (_what, bot) => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  sandbox.failNext({}, { status: 200, body: { bot } })
  const query = `{ contact(uuid: "${uuid}") { uuid bot { botUuid } } }`
  expect(await execute(query)).toEqual({ data: { contact: { uuid, bot: null } } })
  expect(sandbox.requests).toHaveLength(2)
})

test.each([
  ['an absent key', {}],
  ['a string', { bot: 'none' }],
  ['a bot without a uuid', { bot: { name: 'Welcome bot' } }],
  ['two bots', { bot: [{ uuid: 'a' }, { uuid: 'b' }] }],
])('%s instead of a bot is an invalid response', async (_what, body) => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  sandbox.failNext({}, { status: 200, body })
  expect(await execute(`{ contact(uuid: "${uuid}") { uuid bot { botUuid } } }`)).toMatchObject({
    data: { contact: { uuid, bot: null } },
    errors: [{ path: ['contact', 'bot'], extensions: { code: 'CALLBELL_INVALID_RESPONSE' } }],
  })
})

test('null in response to the start of a bot is an invalid response', async () => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  sandbox.failNext({ on: 'POST', status: 200, body: { bot: null } })
  const mutation = `mutation { setBotStatus(input: { uuid: "${uuid}", status: START }) { bot { botUuid } } }`
  expect(await execute(mutation)).toMatchObject({
    errors: [{ extensions: { code: 'CALLBELL_INVALID_RESPONSE' } }],
  })
})

test('a missing bot is null without an error, and one that fails to load leaves its contact intact', async () => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  const query = `{ contact(uuid: "${uuid}") { uuid bot { botUuid } } }`
  sandbox.failNext({}, notFound, {}, { status: 403, body: { error: 'forbidden' } })
  expect(await execute(query)).toEqual({ data: { contact: { uuid, bot: null } } })
  expect(await execute(query)).toMatchObject({
    data: { contact: { uuid, bot: null } },
    errors: [{ path: ['contact', 'bot'], extensions: { code: 'CALLBELL_UNAUTHORIZED' } }],
  })
})

test.each<[string, Fault]>([
  ['the HTML of a proxy', { status: 404, body: '<html>not found</html>' }],
  ['empty', { status: 404, body: '' }],
])('a 404 that is %s is not taken for a missing bot', async (_what, fault) => {
  const { execute, sandbox } = await seeded()
  const { uuid } = contactWithMessages(sandbox).contact
  const query = `{ contact(uuid: "${uuid}") { uuid bot { name } } }`
  sandbox.failNext({}, fault)
  expect(await execute(query)).toEqual({ data: { contact: { uuid, bot: { name: 'Welcome bot' } } } })
  sandbox.failNext({}, fault, fault, fault, fault)
  expect(await execute(query)).toMatchObject({
    data: { contact: { uuid, bot: null } },
    errors: [{ path: ['contact', 'bot'], extensions: { code: 'CALLBELL_INVALID_RESPONSE' } }],
  })
})
