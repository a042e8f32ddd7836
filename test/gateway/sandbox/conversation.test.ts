import { expect, test } from 'vitest'
import * as account from '../../../src/sandbox/account.ts'
import { refused, startTestSandbox } from '../../support/test-sandbox.ts'

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
const john = `/contacts/${account.firstContact.uuid}`

test('a conversation is closed and opened again', async () => {
  const { call, sandbox } = await startTestSandbox()
  const [contact] = sandbox.contacts.all()
  const closed = await call('POST', `${john}/conversation/close`)
  expect(closed).toEqual({ status: 200, body: { contact: { ...contact, closedAt: time } } })
  const opened = await call('POST', `${john}/conversation/open`)
  expect(opened).toEqual({ status: 200, body: { contact: { ...contact, closedAt: null } } })
  expect((await call('GET', john)).body).toEqual({ contact })
})

test('each accepted note adds a message', async () => {
  const { call } = await startTestSandbox()
  const note = { text: 'Hey @ada, look here!' }
  for (const _ of [1, 2]) {
    const answer = await call('POST', `${john}/conversation/note`, note)
    expect(answer).toEqual({ status: 200, body: { success: true } })
  }
  const message = {
    uuid: expect.stringMatching(/^[\da-f]{32}$/),
    text: note.text,
    createdAt: time,
    status: 'note',
    channel: 'whatsapp',
    from: '123456789',
    to: '123456789',
  }
  const { body } = await call('GET', `${john}/messages`)
  expect(body).toEqual({ messages: [message, message] })
  expect(body.messages[0].uuid).not.toBe(body.messages[1].uuid)
})

test('messages are listed newest first, 20 per page', async () => {
  const { call } = await startTestSandbox()
  for (let n = 1; n <= 21; n += 1) await call('POST', `${john}/conversation/note`, { text: `Note ${n}` })
  const texts = async (query: string): Promise<string[]> => {
    const { body } = await call('GET', `${john}/messages${query}`)
    return body.messages.map(({ text }: { text: string }) => text)
  }
  const newest = Array.from({ length: 20 }, (_, index) => `Note ${21 - index}`)
  expect(await texts('')).toEqual(newest)
  expect(await texts('?page=2')).toEqual(['Note 1'])
  expect(await texts('?page=3')).toEqual([])
  expect(await call('GET', `${john}/messages?page=0`)).toEqual(refused('Invalid page'))
})

test.each<[string, string, unknown, unknown]>([
  ['POST', '/conversation/note', { text: ' ' }, { text: ['must be present and not empty'] }],
  ['POST', '/conversation/note', {}, { text: ['must be present and not empty'] }],
  ['POST', '/conversation/note', undefined, 'must be a JSON object'],
  ['PUT', '/conversation/update_funnel', {}, { funnel_id: ['must be present and not empty'] }],
  ['PUT', '/conversation/update_funnel', { funnel_id: 'none' }, { funnel_id: ['does not exist'] }],
  ['POST', '/bot', {}, { status: ['must be present and not empty'] }],
  ['POST', '/bot', { status: 'started' }, { status: ['must be one of bot_start, bot_end'] }],
])('%s %s with %j is refused', async (method, path, body, error) => {
  const { call } = await startTestSandbox()
  expect(await call(method, `${john}${path}`, body)).toEqual(refused(error))
})

test('a conversation moves to a funnel', async () => {
  const { call, sandbox } = await startTestSandbox()
  const [contact] = sandbox.contacts.all()
  const [, { uuid: funnelId }] = account.funnels
  const answer = await call('PUT', `${john}/conversation/update_funnel`, { funnel_id: funnelId })
  expect(answer).toEqual({ status: 200, body: { contact: { ...contact, funnelId } } })
})

test('the bot exists initially, and can be ended and started', async () => {
  const { call, create } = await startTestSandbox()
  const bot = {
    uuid: account.bot.uuid,
    name: 'Welcome bot',
    status: 'started',
    conversationStartedAt: null,
    version: 5,
    latestBotVersion: true,
  }
  const ended = { status: 200, body: { bot: { ...bot, status: 'ended' } } }
  const started = { status: 200, body: { bot } }
  expect(await call('GET', `${john}/bot`)).toEqual(started)
  expect(await call('POST', `${john}/bot`, { status: 'bot_end' })).toEqual(ended)
  expect(await call('GET', `${john}/bot`)).toEqual(ended)
  await call('PATCH', john, { bot_status: 'bot_start' })
  expect(await call('GET', `${john}/bot`)).toEqual(started)
  const { uuid } = await create({ bot_status: 'bot_end' })
  expect(await call('GET', `/contacts/${uuid}/bot`)).toEqual(ended)
})

test('the account’s teams, channels and funnels are listed', async () => {
  const { call } = await startTestSandbox()
  const { teams, channels, funnels } = account
  const meta = { page: 1, pages: 1 }
  expect(await call('GET', '/teams')).toEqual({ status: 200, body: { teams, meta } })
  expect(await call('GET', '/channels')).toEqual({ status: 200, body: { channels, meta } })
  expect(await call('GET', '/funnels')).toEqual({ status: 200, body: { funnels } })
  const beyond = await call('GET', '/teams?page=2')
  expect(beyond.body).toEqual({ teams: [], meta: { page: 2, pages: 1 } })
})
