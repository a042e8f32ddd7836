/** Each function of the client: exactly one documented request, and everything that came back. */
import { expect, onTestFinished, test } from 'vitest'
import type { CallbellClient, Deadlines } from '../../../src/callbell/client.ts'
import { createCallbellClient } from '../../../src/callbell/client.ts'
import { channels, firstContact, funnels, teams } from '../../../src/sandbox/account.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createTestOrigin } from '../../support/test-origin.ts'

const { uuid } = firstContact
const [, support] = teams
const [funnel] = funnels

const calls: [
  string,
  (client: CallbellClient, times: Deadlines) => Promise<unknown>,
  unknown,
  object | null | undefined,
][] = [
  [
    `GET /v1/contacts/${uuid}`,
    (client, times) => client.getContact(uuid, times),
    undefined,
    { uuid, name: 'John Doe' },
  ],
  [
    `GET /v1/contacts/${uuid}`,
    (client, times) => client.getContactWithTags(uuid, times),
    undefined,
    { contact: { uuid, name: 'John Doe' }, areTagsKnown: true },
  ],
  [
    `GET /v1/contacts/${uuid}?include_field_types=true`,
    (client, times) => client.getContact(uuid, times, true),
    undefined,
    { uuid },
  ],
  [
    'GET /v1/contacts/bsuid/none%2Fat%20all',
    (client, times) => client.getContactByBsuid('none/at all', times),
    undefined,
    null,
  ],
  [
    'GET /v1/contacts',
    (client, times) => client.listContacts({}, null, times),
    undefined,
    { items: [{ uuid }], next: null },
  ],
  [
    'GET /v1/contacts?source=facebook&tags=VIP%2CCalled%20back&team_uuid=t&include_field_types=true',
    (client, times) =>
      client.listContacts(
        { source: 'facebook', tags: ['VIP', 'Called back'], teamUuid: 't' },
        null,
        times,
        true,
      ),
    undefined,
    { items: [], next: null },
  ],
  [
    `PATCH /v1/contacts/${uuid}`,
    (client, times) =>
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
        times,
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
    (client, times) => client.updateContact(uuid, { assignedUser: 'ada@example.com' }, times),
    { assigned_user: 'ada@example.com' },
    { contact: { name: 'John Doe', assignedUser: 'ada@example.com' } },
  ],
  [`DELETE /v1/contacts/${uuid}`, (client, times) => client.deleteContact(uuid, times), undefined, undefined],
  [
    `GET /v1/contacts/${uuid}/messages?page=2`,
    (client, times) => client.listMessages(uuid, 2, times),
    undefined,
    { items: [], next: undefined, pages: null },
  ],
  [
    `GET /v1/contacts/${uuid}/messages?page=1`,
    (client, times) => client.latestMessages(uuid, times),
    undefined,
    [],
  ],
  [
    `GET /v1/contacts/${uuid}/bot`,
    (client, times) => client.getBot(uuid, times),
    undefined,
    { name: 'Welcome bot', version: 5, isLatestVersion: true },
  ],
  [
    `POST /v1/contacts/${uuid}/bot`,
    (client, times) => client.setBotStatus(uuid, 'start', times),
    { status: 'bot_start' },
    { status: 'started' },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/close`,
    (client, times) => client.closeConversation(uuid, times),
    undefined,
    { uuid, closedAt: expect.any(String) },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/open`,
    (client, times) => client.openConversation(uuid, times),
    undefined,
    { uuid, closedAt: null },
  ],
  [
    `POST /v1/contacts/${uuid}/conversation/note`,
    (client, times) => client.addNote(uuid, 'Called twice', times),
    { text: 'Called twice' },
    undefined,
  ],
  [
    `PUT /v1/contacts/${uuid}/conversation/update_funnel`,
    (client, times) => client.moveToFunnel(uuid, funnel.uuid, times),
    { funnel_id: funnel.uuid },
    { uuid, funnelId: funnel.uuid },
  ],
  [
    'GET /v1/teams',
    (client, times) => client.listTeams(1, times),
    undefined,
    { items: teams.map(({ name }) => ({ name })), pages: 1 },
  ],
  [
    'GET /v1/channels',
    (client, times) => client.listChannels(1, times),
    undefined,
    { items: channels.map(({ title, type }) => ({ title, type })), pages: 1 },
  ],
  [
    'GET /v1/funnels',
    (client, times) => client.listFunnels(1, times),
    undefined,
    { items: funnels.map(({ name, position, emoji }) => ({ name, position, emoji })) },
  ],
]

test.each(calls)('%s', async (route, call, body, expected) => {
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
  const origin = createTestOrigin()
  const soon = performance.now() + 10_000
  const result = await call(client, { origin, queueBy: soon, respondBy: soon })
  if (expected === undefined) expect(result).toBeUndefined()
  else if (expected === null) expect(result).toBeNull()
  else expect(result).toMatchObject(expected)
  expect(sandbox.requests.map(({ method, path, body: sent }) => [`${method} ${path}`, sent])).toEqual([
    [route, body],
  ])
  expect(origin.calls()).toBe(1)
})
