import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../src/client/documents.ts'
import { CreateContactDocument } from '../../src/client/documents.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestGateway, sentinelToken } from '../support/test-gateway.ts'

const minimalInput: CreateContactInput = { identifier: '+39 02 1', source: 'WHATSAPP', name: 'John Doe' }

test('a contact is created by exactly one POST with exactly the given parameters', async () => {
  const { execute, sandbox } = await createTestGateway()
  const result = await execute(CreateContactDocument, {
    input: {
      ...minimalInput,
      tags: ['VIP'],
      customFields: [
        { name: 'Billing Address', value: 'Main Street 1' },
        { name: 'Preferences', values: ['Dark Mode', 'Notifications'] },
      ],
      assignedUser: 'ada@example.com',
      teamUuid: '5a1e5000000000000000000000000002',
      channelUuid: 'c4a00000000000000000000000000002',
      botStatus: 'END',
      note: 'Call back',
    },
  })
  const created = sandbox.contacts.all().at(-1)
  expect(result).toEqual({
    data: {
      createContact: {
        contact: {
          id: created?.uuid,
          uuid: created?.uuid,
          name: 'John Doe',
          phoneNumber: '+39 02 1',
          source: 'WHATSAPP',
          tags: ['VIP'],
          assignedUser: 'ada@example.com',
          customFields: [
            { name: 'Billing Address', value: 'Main Street 1', values: null },
            {
              name: 'Preferences',
              value: '["Dark Mode", "Notifications"]',
              values: ['Dark Mode', 'Notifications'],
            },
          ],
          createdAt: created?.createdAt,
          href: `https://dash.callbell.eu/contacts/${created?.uuid}`,
        },
        replayed: false,
        userErrors: [],
      },
    },
  })
  expect(sandbox.requests).toHaveLength(1)
  const [request] = sandbox.requests
  expect(request).toMatchObject({
    method: 'POST',
    path: '/v1/contacts',
    headers: {
      authorization: `Bearer ${sentinelToken}`,
      accept: 'application/json',
      'content-type': 'application/json',
    },
  })
  expect(request?.body).toEqual({
    identifier: '+39 02 1',
    source: 'whatsapp',
    name: 'John Doe',
    tags: ['VIP'],
    custom_fields: { 'Billing Address': 'Main Street 1', Preferences: ['Dark Mode', 'Notifications'] },
    assigned_user: 'ada@example.com',
    team_uuid: '5a1e5000000000000000000000000002',
    channel_uuid: 'c4a00000000000000000000000000002',
    bot_status: 'bot_end',
    note: 'Call back',
  })
})

test('options left out or null are not sent', async () => {
  const { execute, sandbox } = await createTestGateway()
  await execute(CreateContactDocument, {
    input: { ...minimalInput, tags: null, note: null, botStatus: null },
  })
  expect(sandbox.requests.map(({ body }) => body)).toEqual([
    { identifier: '+39 02 1', source: 'whatsapp', name: 'John Doe' },
  ])
})

test('all problems of an input are reported at once, and nothing is sent', async () => {
  const { execute, sandbox } = await createTestGateway()
  const input = {
    ...minimalInput,
    name: ' ',
    note: 'a'.repeat(1001),
    customFields: [{ name: 'Age', value: '4\u0000' }, { name: 'Plan' }],
  }
  expect(await execute(CreateContactDocument, { input })).toEqual({
    data: {
      createContact: {
        contact: null,
        replayed: false,
        userErrors: [
          { field: ['input', 'name'], message: '`name` must not be blank.', code: 'BLANK' },
          {
            field: ['input', 'customFields', '0', 'value'],
            message: '`customFields.0.value` must not contain the control character U+0000.',
            code: 'INVALID',
          },
          {
            field: ['input', 'customFields', '1'],
            message: 'Provide either `value` or `values` in `customFields.1`.',
            code: 'INVALID',
          },
          {
            field: ['input', 'note'],
            message: '`note` has 1,001 characters; the limit is 1,000.',
            code: 'TOO_LONG',
          },
        ],
      },
    },
  })
  expect(sandbox.requests).toEqual([])
})

test('the problems that Callbell reports have their input fields', async () => {
  const { execute, sandbox } = await createTestGateway()
  const input = {
    ...minimalInput,
    tags: ['VIP', 'No such tag'],
    customFields: [{ name: 'Age', value: 'forty' }],
    teamUuid: 'nowhere',
  }
  const rejected = { code: 'REJECTED' }
  expect(await execute(CreateContactDocument, { input })).toEqual({
    data: {
      createContact: {
        contact: null,
        replayed: false,
        userErrors: [
          {
            field: ['input', 'tags', '1'],
            message: 'Callbell rejected `tags.1`: tag "No such tag" does not exist',
            ...rejected,
          },
          {
            field: ['input', 'customFields', '0', 'value'],
            message: 'Callbell rejected `customFields.0.value`: "Age" must be a valid number',
            ...rejected,
          },
          {
            field: ['input', 'teamUuid'],
            message: 'Callbell rejected `teamUuid`: does not exist',
            ...rejected,
          },
        ],
      },
    },
  })
  expect(sandbox.requests).toHaveLength(1)
  expect(sandbox.contacts.all()).toHaveLength(1)
})

test('a failed alias leaves the other’s contact in the response', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status: 401 })
  const document = `mutation ($input: CreateContactInput!) {
    first: createContact(input: $input) { contact { name } }
    second: createContact(input: $input) { contact { name } }
  }`
  const { data, errors } = await execute(document, { input: minimalInput })
  expect(data).toEqual({ first: null, second: { contact: { name: 'John Doe' } } })
  expect(errors?.map(({ path }) => path)).toEqual([['first']])
  expect(sandbox.requests).toHaveLength(2)
})

test('every field of a contact in a 202 is returned', async () => {
  const contact = {
    uuid: 'u',
    name: minimalInput.name,
    phoneNumber: minimalInput.identifier,
    avatarUrl: 'https://example.com/a.png',
    createdAt: '2026-01-01T00:00:00Z',
    closedAt: '2026-01-02 00:00:00 +0100',
    blockedAt: '2026-01-03T00:00:00Z',
    source: 'widget',
    href: 'https://example.com/h',
    conversationHref: 'https://example.com/c',
    tags: ['à'],
    assignedUser: 'ada@example.com',
    customFields: { 'PI : MF-CUT': '1' },
    funnelId: '0f0e2f3a-0000-4000-8000-000000000000',
    note: 'n',
    bsuid: 'b',
    team: { uuid: 't', name: 'T', createdAt: '2026-01-01T00:00:00Z', default: true, members: 2 },
    channel: { uuid: 'c', title: 'C', type: 'whatsapp', main: true, discardedAt: '2026-01-01T00:00:00Z' },
  }
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status: 202, body: { contact } })
  const document = `mutation ($input: CreateContactInput!) { createContact(input: $input) { contact {
    id uuid name phoneNumber avatarUrl source sourceName createdAt closedAt blockedAt href conversationHref tags
    assignedUser customFields { name value values } funnelId note bsuid
    team { id uuid name createdAt default memberCount } channel { id uuid title type main discardedAt }
  } userErrors { message } } }`
  const { members, ...team } = contact.team
  expect(await execute(document, { input: minimalInput })).toEqual({
    data: {
      createContact: {
        contact: {
          ...contact,
          id: 'u',
          source: null,
          sourceName: 'widget',
          closedAt: '2026-01-02T00:00:00+01:00',
          customFields: [{ name: 'PI : MF-CUT', value: '1', values: null }],
          team: { id: 't', ...team, memberCount: members },
          channel: { id: 'c', ...contact.channel },
        },
        userErrors: [],
      },
    },
  })
})

test('a POST that has started continues when its caller disconnects', async () => {
  const started = Promise.withResolvers<void>()
  const upstream = await startRawUpstream((socket) => {
    started.resolve()
    const answer = httpAnswer('201 Created', '{"contact":{"uuid":"u","name":[]}}')
    void disconnected.promise.then(() => socket.write(answer))
  })
  const disconnected = Promise.withResolvers<void>()
  const gateway = await createTestGateway({ url: upstream.url })
  const caller = new AbortController()
  const query = `mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid } } }`
  const response = fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input: minimalInput } }),
    signal: caller.signal,
  })
  await started.promise
  caller.abort()
  await expect(response).rejects.toThrow('aborted')
  await expect.poll(() => gateway.connections()).toBe(0)
  disconnected.resolve()
  // The response was read to its end: its invalid name was logged.
  await expect.poll(() => gateway.log.map(({ paths }) => paths)).toContainEqual(['contact.name'])
  expect(upstream.requests).toHaveLength(1)
})
