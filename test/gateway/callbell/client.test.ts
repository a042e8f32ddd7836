/** Each function of the client sends exactly one documented request, and returns the decoded response. */
import { expect, onTestFinished, test } from 'vitest'
import type { CallbellClient, Attempt } from '../../../src/callbell/client.ts'
import { createCallbellClient } from '../../../src/callbell/client.ts'
import { channels, firstContact, funnels, teams } from '../../../src/sandbox/account.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createTestContext } from '../../support/test-context.ts'

const { uuid } = firstContact
const [, support] = teams
const [funnel] = funnels

const calls: [
  string,
  (client: CallbellClient, attempt: Attempt) => Promise<unknown>,
  unknown,
  object | null | undefined,
][] = [
  [
    `GET /v1/contacts/${uuid}`,
    (client, attempt) => client.getContact(uuid, attempt),
    undefined,
    { uuid, name: 'John Doe' },
  ],
  [
    `GET /v1/contacts/${uuid}`,
    (client, attempt) => client.getContactWithTags(uuid, attempt),
    undefined,
    { contact: { uuid, name: 'John Doe' }, areTagsKnown: true },
  ],
  [
    `GET /v1/contacts/${uuid}?include_field_types=true`,
    (client, attempt) => client.getContact(uuid, attempt, true),
    undefined,
    { uuid },
  ],
  [
    'GET /v1/contacts/bsuid/none%2Fat%20all',
    (client, attempt) => client.getContactByBsuid('none/at all', attempt),
    undefined,
    null,
  ],
  [
    'GET /v1/contacts',
    (client, attempt) => client.listContacts({}, null, attempt),
    undefined,
    { items: [{ uuid }], next: null },
  ],
  [
    'GET /v1/contacts?source=facebook&tags=VIP%2CCalled%20back&team_uuid=t&include_field_types=true',
    (client, attempt) =>
      client.listContacts(
        { source: 'facebook', tags: ['VIP', 'Called back'], teamUuid: 't' },
        null,
        attempt,
        true,
      ),
    undefined,
    { items: [], next: null },
  ],
  [
    `PATCH /v1/contacts/${uuid}`,
    (client, attempt) =>
      client.updateContact(
        uuid,
        {
          name: 'Jane',
          tags: ['VIP'],
          customFields: [{ name: 'Age', value: '42' }],
          assignedUser: null,
          teamUuid: support.uuid,
          botStatus: 'end',
          note: '',
        },
        attempt,
      ),
    {
      name: 'Jane',
      tags: ['VIP'],
      custom_fields: { Age: '42' },
      unassign_user: true,
      team_uuid: support.uuid,
      bot_status: 'bot_end',
      note: '',
    },
    { contact: { uuid, name: 'Jane', tags: ['VIP'], team: { uuid: support.uuid } }, areTagsKnown: true },
  ],
  [
    `PATCH /v1/contacts/${uuid}`,
    (client, attempt) => client.updateContact(uuid, { assignedUser: 'ada@example.com' }, attempt),
    { assigned_user: 'ada@example.com' },
    { contact: { name: 'John Doe', assignedUser: 'ada@example.com' } },
  ],
  [
    `DELETE /v1/contacts/${uuid}`,
    (client, attempt) => client.deleteContact(uuid, attempt),
    undefined,
    undefined,
  ],
  [
    `GET /v1/contacts/${uuid}/messages?page=2`,
    (client, attempt) => client.listMessages(uuid, 2, attempt),
    undefined,
    { items: [], next: undefined, pages: null },
  ],
  [
    `GET /v1/contacts/${uuid}/messages?page=1`,
    (client, attempt) => client.latestMessages(uuid, attempt),
    undefined,
    [],
  ],
  [
    `GET /v1/contacts/${uuid}/bot`,
    (client, attempt) => client.getBot(uuid, attempt),
    undefined,
    { name: 'Welcome bot', version: 5, isLatestVersion: true },
  ],
  [
    `POST /v1/contacts/${uuid}/bot`,
    (client, attempt) => client.setBotStatus(uuid, 'start', attempt),
    { status: 'bot_start' },
    { status: 'started' },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/close`,
    (client, attempt) => client.closeConversation(uuid, attempt),
    undefined,
    { uuid, closedAt: expect.any(String) },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/open`,
    (client, attempt) => client.openConversation(uuid, attempt),
    undefined,
    { uuid, closedAt: null },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/note`,
    (client, attempt) => client.addNote(uuid, 'Called twice', attempt),
    { text: 'Called twice' },
    undefined,
  ],
  [
    `PUT /v1/contacts/${uuid}/conversation/update_funnel`,
    (client, attempt) => client.moveToFunnel(uuid, funnel.uuid, attempt),
    { funnel_id: funnel.uuid },
    { uuid, funnelId: funnel.uuid },
  ],
  [
    'GET /v1/teams',
    (client, attempt) => client.listTeams(1, attempt),
    undefined,
    { items: teams.map(({ name }) => ({ name })), pages: 1 },
  ],
  [
    'GET /v1/channels',
    (client, attempt) => client.listChannels(1, attempt),
    undefined,
    { items: channels.map(({ title, type }) => ({ title, type })), pages: 1 },
  ],
  [
    'GET /v1/funnels',
    (client, attempt) => client.listFunnels(1, attempt),
    undefined,
    { items: funnels.map(({ name, position, emoji }) => ({ name, position, emoji })) },
  ],
]

test.each(calls)('%s is sent once, and its response is returned', async (route, call, body, expected) => {
  const sandbox = await startSandbox({ token: 'test-token' })
  const client = createCallbellClient({
    url: sandbox.url,
    token: sandbox.token,
    userAgent: 'test',
    connectTimeoutMs: 5000,
    maxRps: 0,
    log: createLog({ level: 'silent', secrets: [] }),
  })
  onTestFinished(async () => {
    await client.close()
    await sandbox.close()
  })
  const context = createTestContext()
  const soon = performance.now() + 10_000
  const result = await call(client, { context, queueBy: soon, respondBy: soon })
  if (expected === undefined) expect(result).toBeUndefined()
  else if (expected === null) expect(result).toBeNull()
  else expect(result).toMatchObject(expected)
  expect(sandbox.requests.map(({ method, path, body: sent }) => [`${method} ${path}`, sent])).toEqual([
    [route, body],
  ])
  expect(context.calls()).toBe(1)
})
