/** What is sent to the servers and comes back: one contact, by documents of several sizes. */
import { readFileSync } from 'node:fs'

const operations = new URL('../../../schema/operations/', import.meta.url)
const readOperation = (file: string): string => readFileSync(new URL(file, operations), 'utf8')

/** The documented operation, without its comments, as a client sends it. */
export const createContact = readOperation('CreateContact.graphql').replace(/^#.*\n/gm, '')
export const variables: { readonly input: Readonly<Record<string, unknown>> } = JSON.parse(
  readOperation('CreateContact.variables.json'),
)

const phoneNumber = '+39 333 123 4567'
/** More than there are connections, so that no two requests in flight are for the same person. */
const persons = 900

/**
 * A body for another person: creates for the same one would be serialized. The numbers end alike, as the upstream
 * answers with the same contact whatever it is sent.
 *
 * @param count of requests before this one
 */
export function forPerson(body: string, count: number): string {
  const person = count % persons
  const number = `+39 3${10 + Math.floor(person / 10)} ${person % 10}23 4567`
  return body.replaceAll(phoneNumber, number)
}

/** The request to Callbell for these variables, as a client without a gateway sends it. */
export const wireRequest = JSON.stringify({
  identifier: phoneNumber,
  source: 'whatsapp',
  name: 'Giulia Bianchi',
  tags: ['Interested'],
  custom_fields: {
    'Billing Address': 'Via Roma 1, Milano',
    Preferences: ['Dark Mode', 'Notifications'],
  },
})

const uuid = '28f10773e3f1baf7d4b2d038a9b73b4d'
/** What the upstream answers, whatever it is sent. */
export const wireAnswer = JSON.stringify({
  contact: {
    uuid,
    name: 'Giulia Bianchi',
    phoneNumber: '+39 333 123 4567',
    avatarUrl: 'https://example.com/avatars/giulia.png',
    blockedAt: null,
    createdAt: '2026-03-03T09:41:07Z',
    source: 'whatsapp',
    funnelId: 'f0aae100-0000-4000-8000-000000000001',
    closedAt: null,
    href: `https://dash.callbell.eu/contacts/${uuid}`,
    conversationHref: `https://dash.callbell.eu/chat/${uuid}`,
    tags: ['Interested'],
    assignedUser: 'ada@example.com',
    customFields: {
      'Billing Address': 'Via Roma 1, Milano',
      Preferences: '["Dark Mode","Notifications"]',
    },
    team: {
      uuid: '5a1e5000000000000000000000000001',
      name: 'Sales',
      createdAt: '2025-01-07T08:00:00Z',
      default: true,
      members: 4,
    },
    channel: {
      uuid: 'c4a00000000000000000000000000001',
      title: 'WhatsApp Milano',
      type: 'whatsapp',
      main: true,
      discardedAt: null,
    },
    bsuid: null,
    note: 'Prefers to be called in the afternoon',
  },
})

/** Every field of a contact that costs no call of its own, and of the payload beside it. */
const contactFields = [
  'uuid',
  'name',
  'phoneNumber',
  'source',
  'tags',
  'createdAt',
  'href',
  'assignedUser',
  'customFields { name value values }',
  'id',
  'avatarUrl',
  'sourceName',
  'closedAt',
  'blockedAt',
  'conversationHref',
  'funnelId',
  'note',
  'bsuid',
  'team { uuid name }',
  'channel { uuid title }',
]
const payloadFields = ['replayed', 'userErrors { field message code }']
export const mostFields = contactFields.length + payloadFields.length

/** A document that selects this number of fields, those of the payload last. */
export function selecting(count: number): string {
  const ofContact = contactFields.slice(0, count)
  const ofPayload = payloadFields.slice(0, Math.max(0, count - contactFields.length))
  return `mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { ${ofContact.join(' ')} } ${ofPayload.join(' ')} } }`
}

/** A document that creates this number of contacts. */
export function aliased(count: number): string {
  const selection =
    '{ contact { uuid name phoneNumber source tags createdAt } userErrors { field message code } }'
  const creates = Array.from(
    { length: count },
    (_, number) => `c${number}: createContact(input: $input) ${selection}`,
  )
  return `mutation ($input: CreateContactInput!) { ${creates.join(' ')} }`
}
