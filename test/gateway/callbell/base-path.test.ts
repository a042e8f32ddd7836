/** A wrong path in CALLBELL_API_URL: Callbell answers every request with a 404, which is logged as a warning. */
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { CallbellClient, Attempt } from '../../../src/callbell/client.ts'
import { createCallbellClient } from '../../../src/callbell/client.ts'
import type { NewContact } from '../../../src/domain/contact.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'
import { createTestContext } from '../../support/test-context.ts'

const notFound = httpAnswer('404 Not Found', '{"error":"not found"}')
const found = httpAnswer('200 OK', '{"contact":{"uuid":"u"}}')

const warnings: unknown[] = []
const log = pino({ base: null, timestamp: false }, { write: (line) => void warnings.push(JSON.parse(line)) })

const warning = (route: string): object => ({
  level: pino.levels.values['warn'],
  requestId: 'r1',
  basePath: '/v1',
  route,
  msg: 'Callbell answers 404, and no request has succeeded so far. Check the path of CALLBELL_API_URL',
})

/** @param answers one for each request. Default: a 404 */
async function startClient(...answers: string[]) {
  const upstream = await startRawUpstream((socket, number) => socket.write(answers[number] ?? notFound))
  warnings.length = 0
  const client = createCallbellClient({
    url: upstream.url,
    token: 't',
    userAgent: 'test',
    connectTimeoutMs: 5000,
    maxRps: 0,
    log,
  })
  onTestFinished(() => client.close())
  return {
    /** Sends one request, and ignores its failure. */
    async call(request: (client: CallbellClient, attempt: Attempt) => Promise<unknown>): Promise<void> {
      const soon = performance.now() + 15_000
      const attempt = { context: createTestContext(), queueBy: soon, respondBy: soon }
      await request(client, attempt).catch(() => undefined)
    },
  }
}

type Call = (client: CallbellClient, attempt: Attempt) => Promise<unknown>

const contact: NewContact = { identifier: '393331234567', source: 'whatsapp', name: '"team_uuid":' }
const create =
  (others: Partial<NewContact> = {}): Call =>
  (client, attempt) =>
    client.createContact({ ...contact, ...others }, attempt)
const lookUp: Call = (client, attempt) => client.getContactByPhone('1', undefined, attempt)

test.each<[string, Call]>([
  ['/contacts', create()],
  ['/contacts', (client, attempt) => client.listContacts({ source: 'whatsapp' }, null, attempt)],
  ['/teams', (client, attempt) => client.listTeams(1, attempt)],
  ['/channels', (client, attempt) => client.listChannels(1, attempt)],
  ['/funnels', (client, attempt) => client.listFunnels(1, attempt)],
])('a 404 for %s, which every account has, is one warning', async (route, call) => {
  const gateway = await startClient()
  await gateway.call(call)
  expect(warnings).toEqual([warning(route)])
  for (let count = 0; count < 12; count += 1) await gateway.call(call)
  expect(warnings).toHaveLength(1)
})

test.each<[string, Call]>([
  ['a contact', lookUp],
  ['a team of a new contact', create({ teamUuid: 't' })],
  ['a channel of a new contact', create({ channelUuid: 'c' })],
  ['a user of a new contact', create({ assignedUser: 'a@example.com' })],
  ['a team of a list', (client, attempt) => client.listContacts({ teamUuid: 't' }, null, attempt)],
  ['a contact to be changed', (client, attempt) => client.updateContact('u', { name: 'Ada' }, attempt)],
])('only the tenth 404 that may be about %s is a warning', async (_what, call) => {
  const gateway = await startClient()
  for (let count = 0; count < 9; count += 1) await gateway.call(call)
  expect(warnings).toEqual([])
  await gateway.call(call)
  expect(warnings).toEqual([warning(expect.any(String))])
  for (let count = 0; count < 12; count += 1) await gateway.call(call)
  expect(warnings).toHaveLength(1)
})

test('after a success of Callbell, nothing is logged', async () => {
  const gateway = await startClient(notFound, found)
  for (let count = 0; count < 12; count += 1) await gateway.call(lookUp)
  await gateway.call(create())
  expect(warnings).toEqual([])
})
