/** A 408 on a reused connection does not say whether the server has read the request. */
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const contact = { uuid: 'u', name: 'Ada' }
const found = httpAnswer('200 OK', JSON.stringify({ contact }))
const absent = httpAnswer('404 Not Found', '{"error":"not found"}')
const timedOut = httpAnswer('408 Request Timeout', '', 'connection: close\r\n')
const cutShort = 'HTTP/1.1 408 Request Timeout\r\ncontent-length: 9\r\nconnection: close\r\n\r\n'

const read = '{contact(uuid:"u"){name}}'
const create =
  'mutation{createContact(input:{identifier:"+39 02 3",source:WHATSAPP,name:"Ada"}){contact{name}}}'
const addNote = 'mutation{addConversationNote(input:{uuid:"u",text:"Hi"}){success}}'
const update = 'mutation{updateContact(input:{uuid:"u",name:"Ada"}){contact{name}}}'
const remove = 'mutation{deleteContact(input:{uuid:"u"}){deletedUuid}}'

/** The creation time of what Callbell has just created. */
const now = (): string => new Date().toISOString()
const dated = (): string => `date: ${new Date().toUTCString()}\r\n`
const created = (): string =>
  httpAnswer('200 OK', JSON.stringify({ contact: { ...contact, createdAt: now() } }), dated())
const withNote = (): string =>
  httpAnswer(
    '200 OK',
    JSON.stringify({ messages: [{ status: 'note', text: 'Hi', createdAt: now() }] }),
    dated(),
  )
const withoutNote = httpAnswer('200 OK', '{"messages":[]}')

async function resultOf({ execute }: TestGateway, document: string): Promise<object> {
  const { data, errors } = await execute<object, unknown>(document)
  const { code, outcome, retryable, attempts } = errors?.[0]?.extensions ?? {}
  return errors ? { code, outcome, retryable, attempts } : (data ?? {})
}

const unknown = { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: false, attempts: 1 }

/** The responses to the requests of one call, in order. The last one is repeated. */
test.each<[string, string, (string | (() => string))[], object, RegExp]>([
  [
    'a create that was applied',
    create,
    [timedOut, created],
    { createContact: { contact: { name: 'Ada' } } },
    /^POST GET$/,
  ],
  ['a create that can’t be found', create, [timedOut, absent], unknown, /^POST( GET)+$/],
  ['a create with an incomplete response', create, [cutShort, absent], unknown, /^POST( GET)+$/],
  ['a create with no other response', create, [timedOut], unknown, /^POST( GET)+$/],
  [
    'a note that was added',
    addNote,
    [timedOut, withNote],
    { addConversationNote: { success: true } },
    /^POST GET$/,
  ],
  ['a note that can’t be found', addNote, [timedOut, withoutNote], unknown, /^POST( GET)+$/],
  ['a read', read, [timedOut, found], { contact: { name: 'Ada' } }, /^GET GET$/],
  [
    'a read with no other response',
    read,
    [timedOut],
    { code: 'CALLBELL_UNAVAILABLE', outcome: undefined, retryable: true, attempts: undefined },
    /^GET GET GET GET$/,
  ],
  ['an update', update, [timedOut, found], { updateContact: { contact: { name: 'Ada' } } }, /^PATCH PATCH$/],
  [
    'an update with no other response',
    update,
    [timedOut],
    { ...unknown, retryable: true, attempts: 4 },
    /^PATCH PATCH PATCH PATCH$/,
  ],
  ['a deletion', remove, [timedOut, absent], { deleteContact: { deletedUuid: 'u' } }, /^DELETE DELETE$/],
])('a 408 on a reused connection is ambiguous: %s', async (_what, document, answers, expected, methods) => {
  const sockets: Socket[] = []
  const upstream = await startRawUpstream((socket, number) => {
    sockets.push(socket)
    const answer = number === 0 ? found : (answers[number - 1] ?? answers.at(-1) ?? '')
    const text = typeof answer === 'string' ? answer : answer()
    if (text.includes('connection: close')) socket.end(text)
    else socket.write(text)
  })
  const gateway = await createTestGateway({ url: upstream.url })
  expect(await resultOf(gateway, read)).toEqual({ contact: { name: 'Ada' } })
  expect(await resultOf(gateway, document)).toEqual(expected)
  const sent = upstream.requests.slice(1).map((request) => request.split(' ', 1)[0])
  expect(sent.join(' ')).toMatch(methods)
  expect(sockets[1], 'the connection of the first request').toBe(sockets[0])
})
