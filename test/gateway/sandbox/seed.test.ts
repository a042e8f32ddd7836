import { expect, test } from 'vitest'
import * as account from '../../../src/sandbox/account.ts'
import { areCustomFields } from '../../../src/sandbox/custom-fields.ts'
import { createSeed } from '../../../src/sandbox/seed.ts'
import type { WireContact } from '../../../src/sandbox/wire.ts'
import { decodeContact } from '../../../src/callbell/codec/decode-contact.ts'
import { least, startTestSandbox } from '../../support/test-sandbox.ts'

const seeded = createSeed(300)
const contacts = seeded.map(({ contact }) => contact)

test('a seeded account is always the same, and a larger one begins with the same contacts', () => {
  expect(createSeed(300)).toEqual(seeded)
  expect(createSeed(10)).toEqual(seeded.slice(0, 10))
})

test('the first contact and the uuids of created ones do not depend on the seed', async () => {
  const [bare, full] = [await startTestSandbox(), await startTestSandbox({ seed: 300 })]
  const first = await bare.create()
  expect((await full.create()).uuid).toBe(first.uuid)
  expect(full.sandbox.contacts.all()).toEqual([
    expect.objectContaining({ uuid: account.firstContact.uuid, name: 'John Doe' }),
    ...contacts,
    expect.objectContaining({ uuid: first.uuid }),
  ])
})

test('each seeded contact is one that Callbell could return', () => {
  for (const contact of contacts) {
    expect(decodeContact(JSON.stringify({ contact }))).toMatchObject({ unreadable: [] })
    expect(account.tags).toEqual(expect.arrayContaining([...contact.tags]))
    expect(areCustomFields(Object.fromEntries(Object.entries(contact.customFields).map(asGiven)))).toEqual([])
  }
  expect(new Set(contacts.map(({ uuid }) => uuid)).size).toBe(300)
})

function asGiven([name, text]: [string, string]): [string, unknown] {
  return [name, text.startsWith('[') ? JSON.parse(text) : text]
}

test('a number is unique on its channel, and the numbers of examples are unused', () => {
  const places = contacts
    .filter(({ phoneNumber }) => phoneNumber !== null)
    .map(({ phoneNumber, channel }) => `${phoneNumber?.replaceAll(/\D/g, '')} ${channel?.uuid}`)
  expect(new Set(places).size).toBe(places.length)
  expect(places.filter((place) => /^(?:123456789|393331234567) /.test(place))).toEqual([])
})

test.each<readonly [string, (contact: WireContact) => boolean]>([
  ...['whatsapp', 'facebook', 'instagram', 'telegram', 'webchat'].map(
    (source) => [`is from ${source}`, (contact: WireContact) => contact.source === source] as const,
  ),
  ...['Latin', 'Greek', 'Cyrillic', 'Arabic', 'Hebrew', 'Devanagari', 'Han', 'Hiragana'].map(
    (script) =>
      [
        `is written in ${script}`,
        ({ name }: WireContact) => new RegExp(`\\p{Script=${script}}`, 'u').test(name ?? ''),
      ] as const,
  ),
  ['has an emoji', ({ name }) => /\p{Extended_Pictographic}/u.test(name ?? '')],
  ['has neither name nor number', ({ name, phoneNumber }) => name === null && phoneNumber === null],
  ['has an id in place of a number', ({ bsuid, phoneNumber }) => Boolean(bsuid) && phoneNumber === null],
  ['has a number with spaces', ({ phoneNumber }) => /^\+\d+ /.test(phoneNumber ?? '')],
  ['has a number with digits only', ({ phoneNumber }) => /^\d+$/.test(phoneNumber ?? '')],
  ['is closed', ({ closedAt }) => closedAt !== null],
  ['is blocked', ({ blockedAt }) => blockedAt !== null],
  ['is assigned', ({ assignedUser }) => assignedUser !== null],
  ['has no team', ({ team }) => team === null],
  ['is on the second WhatsApp channel', ({ channel }) => channel?.title === 'WhatsApp Roma'],
  ['has a note of several lines', ({ note }) => note?.includes('\n') ?? false],
  ['is in a funnel', ({ funnelId }) => account.funnels.some(({ uuid }) => uuid === funnelId)],
  ['has most of the custom fields', ({ customFields }) => Object.keys(customFields).length > 4],
])('among the seeded contacts is one that %s', (_what, isIt) => {
  expect(contacts.some(isIt)).toBe(true)
})

test('a seeded contact is found by each lookup', async () => {
  const { call } = await startTestSandbox({ seed: 300 })
  const contact = contacts.find(({ bsuid, phoneNumber }) => bsuid && phoneNumber)
  const found = { status: 200, body: { contact } }
  const { uuid, bsuid, phoneNumber, channel } = contact ?? {}
  expect(await call('GET', `/contacts/${uuid}`)).toEqual(found)
  expect(await call('GET', `/contacts/bsuid/${bsuid}`)).toEqual(found)
  const path = `/contacts/phone/${encodeURIComponent(phoneNumber ?? '')}?channel_uuid=${channel?.uuid}`
  expect(await call('GET', path)).toEqual(found)
})

test('seeded conversations have messages of every kind, newest first, and bots in every state', async () => {
  const kinds = new Set(seeded.flatMap(({ messages }) => messages.map(({ status }) => status)))
  expect(kinds).toEqual(new Set(['sent', 'received', 'note']))
  expect(new Set(seeded.map(({ bot }) => bot.status))).toEqual(new Set(['started', 'in_progress', 'ended']))
  for (const { messages } of seeded) {
    const times = messages.map(({ createdAt }) => createdAt)
    expect(times).toEqual(times.toSorted().toReversed())
  }
  const { call } = await startTestSandbox({ seed: 300 })
  const talkative = seeded.find(({ messages }) => messages.length > 40)
  const path = `/contacts/${talkative?.contact.uuid}/messages`
  expect((await call('GET', `${path}?page=2`)).body).toEqual({ messages: talkative?.messages.slice(20, 40) })
  await call('POST', `/contacts/${talkative?.contact.uuid}/conversation/note`, { text: 'Hi' })
  expect((await call('GET', path)).body.messages[0]).toMatchObject({ text: 'Hi', status: 'note' })
})

test('a seeded account has several pages, and a created contact is first', async () => {
  const { call } = await startTestSandbox({ seed: 300 })
  const { body } = await call('POST', '/contacts', least)
  const answer = await call('GET', '/contacts')
  expect(answer.body.meta).toMatchObject({ page: 1, pages: 16 })
  expect(answer.body.contacts[0]).toEqual(body.contact)
})
