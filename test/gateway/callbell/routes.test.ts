/** With any id, each function of the client requests one path, and is counted under one route. */
import { expect, onTestFinished, test } from 'vitest'
import type { CallbellClient, Attempt } from '../../../src/callbell/client.ts'
import { createCallbellClient } from '../../../src/callbell/client.ts'
import { CallbellError } from '../../../src/domain/callbell-error.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'
import { createTestContext } from '../../support/test-context.ts'

type Call = (client: CallbellClient, id: string, attempt: Attempt) => Promise<unknown>

const calls: readonly (readonly [route: string, path: (id: string) => string, call: Call])[] = [
  [
    'POST /contacts',
    () => '/contacts',
    (client, id, attempt) => client.createContact({ identifier: id, source: 'whatsapp', name: id }, attempt),
  ],
  [
    'GET /contacts',
    (id) => `/contacts?after=${id}&source=${id}&tags=${id}&team_uuid=${id}`,
    (client, id, attempt) => client.listContacts({ source: id, tags: [id], teamUuid: id }, id, attempt),
  ],
  [
    'GET /contacts/{uuid}',
    (id) => `/contacts/${id}`,
    (client, id, attempt) => client.getContact(id, attempt),
  ],
  [
    'GET /contacts/{uuid}',
    (id) => `/contacts/${id}?include_field_types=true`,
    (client, id, attempt) => client.getContact(id, attempt, true),
  ],
  [
    'GET /contacts/phone/{number}',
    (id) => `/contacts/phone/${id}?channel_uuid=${id}`,
    (client, id, attempt) => client.getContactByPhone(id, id, attempt),
  ],
  [
    'GET /contacts/bsuid/{bsuid}',
    (id) => `/contacts/bsuid/${id}`,
    (client, id, attempt) => client.getContactByBsuid(id, attempt),
  ],
  [
    'PATCH /contacts/{uuid}',
    (id) => `/contacts/${id}`,
    (client, id, attempt) => client.updateContact(id, { name: id }, attempt),
  ],
  [
    'DELETE /contacts/{uuid}',
    (id) => `/contacts/${id}`,
    (client, id, attempt) => client.deleteContact(id, attempt),
  ],
  [
    'GET /contacts/{uuid}/messages',
    (id) => `/contacts/${id}/messages?page=2`,
    (client, id, attempt) => client.listMessages(id, 2, attempt),
  ],
  [
    'GET /contacts/{uuid}/messages',
    (id) => `/contacts/${id}/messages?page=1`,
    (client, id, attempt) => client.latestMessages(id, attempt),
  ],
  [
    'GET /contacts/{uuid}/bot',
    (id) => `/contacts/${id}/bot`,
    (client, id, attempt) => client.getBot(id, attempt),
  ],
  [
    'POST /contacts/{uuid}/bot',
    (id) => `/contacts/${id}/bot`,
    (client, id, attempt) => client.setBotStatus(id, 'start', attempt),
  ],
  [
    'POST /contacts/{uuid}/conversation/close',
    (id) => `/contacts/${id}/conversation/close`,
    (client, id, attempt) => client.closeConversation(id, attempt),
  ],
  [
    'POST /contacts/{uuid}/conversation/open',
    (id) => `/contacts/${id}/conversation/open`,
    (client, id, attempt) => client.openConversation(id, attempt),
  ],
  [
    'POST /contacts/{uuid}/conversation/note',
    (id) => `/contacts/${id}/conversation/note`,
    (client, id, attempt) => client.addNote(id, id, attempt),
  ],
  [
    'PUT /contacts/{uuid}/conversation/update_funnel',
    (id) => `/contacts/${id}/conversation/update_funnel`,
    (client, id, attempt) => client.moveToFunnel(id, id, attempt),
  ],
  ['GET /teams', () => '/teams?page=2', (client, _id, attempt) => client.listTeams(2, attempt)],
  ['GET /channels', () => '/channels?page=2', (client, _id, attempt) => client.listChannels(2, attempt)],
  ['GET /funnels', () => '/funnels?page=2', (client, _id, attempt) => client.listFunnels(2, attempt)],
]

/** An id, and its form in a URL. */
test.each([
  ['constructor', 'constructor'],
  ['__proto__', '__proto__'],
  ['toString', 'toString'],
  ['phone', 'phone'],
  ['bsuid', 'bsuid'],
  ['../x', '..%2Fx'],
  ['%2f', '%252f'],
  ['?', '%3F'],
  ['#', '%23'],
  ['a/b', 'a%2Fb'],
  ['{uuid}', '%7Buuid%7D'],
])('the id %s is one segment of each path, and in no route', async (id, written) => {
  const upstream = await startRawUpstream((socket) =>
    socket.write(httpAnswer('404 Not Found', '{"error":"no"}')),
  )
  const client = createCallbellClient({
    url: upstream.url,
    token: 'test-token',
    userAgent: 'test',
    connectTimeoutMs: 5000,
    maxRps: 0,
    log: createLog({ level: 'silent', secrets: [], destination: { write: () => undefined } }),
  })
  onTestFinished(() => client.close())
  const routes: string[] = []
  const { observer, ...rest } = createTestContext()
  const attempt = (method: string, route: string) => {
    routes.push(`${method} ${route}`)
    return observer.attempt(method, route)
  }
  const context = { ...rest, observer: { ...observer, attempt } }
  const soon = performance.now() + 15_000
  for (const [, , call] of calls) {
    await call(client, id, { context, queueBy: soon, respondBy: soon }).catch((error: unknown) =>
      expect(error).toBeInstanceOf(CallbellError),
    )
  }
  expect(routes).toEqual(calls.map(([route]) => route))
  const lines = upstream.requests.map((request) => request.slice(0, request.indexOf(' HTTP/1.1')))
  const methods = calls.map(([route]) => route.slice(0, route.indexOf(' ')))
  expect(lines).toEqual(calls.map(([, path], index) => `${methods[index]} /v1${path(written)}`))
})
