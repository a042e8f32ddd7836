/** The sandbox's contacts, in memory and in the shape that Callbell writes. */
import { createHash } from 'node:crypto'
import { channels, firstContact, teams } from './account.ts'
import type { Parameters } from './check-parameters.ts'

/** A contact as it goes over the wire. */
export type WireContact = ReturnType<typeof writeContact>

export interface ContactBook {
  /** Adds one more contact, whether or not there is one with the same identifier. */
  add(parameters: Parameters): WireContact
  find(uuid: string): WireContact | undefined
  /**
   * Of several contacts with one number the oldest: a lookup after an unclear create may not
   * rely on seeing the newest one.
   *
   * @param channelUuid default: the main WhatsApp channel
   */
  findByPhone(phoneNumber: string, channelUuid?: string): WireContact | undefined
  all(): readonly WireContact[]
}

export function createContactBook(): ContactBook {
  const { uuid, createdAt, parameters } = firstContact
  const contacts = new Map([[uuid as string, writeContact(uuid, createdAt, parameters)]])
  return {
    add(given) {
      const contact = writeContact(uuidOf(contacts.size), nowInSeconds(), given)
      contacts.set(contact.uuid, contact)
      return contact
    },
    find: (wanted) => contacts.get(wanted),
    findByPhone(phoneNumber, channelUuid = mainChannel('whatsapp')?.uuid) {
      const digits = digitsOf(phoneNumber)
      if (digits === '') return undefined
      return [...contacts.values()].find(
        (contact) =>
          contact.phoneNumber !== null &&
          digitsOf(contact.phoneNumber) === digits &&
          contact.channel?.uuid === channelUuid,
      )
    },
    all: () => [...contacts.values()],
  }
}

function writeContact(uuid: string, createdAt: string, given: Parameters) {
  const href = `https://dash.callbell.eu/contacts/${uuid}`
  return {
    uuid,
    name: given.name,
    phoneNumber: given.source === 'whatsapp' ? given.identifier : null,
    avatarUrl: null,
    createdAt,
    closedAt: null,
    blockedAt: null,
    source: given.source,
    href,
    conversationHref: `${href}/conversation`,
    tags: given.tags ?? [],
    assignedUser: given.assigned_user ?? null,
    customFields: Object.fromEntries(
      Object.entries(given.custom_fields ?? {}).map(([name, value]) => [name, writeCustomValue(value)]),
    ),
    funnelId: null,
    note: given.note ?? null,
    bsuid: null,
    team: teams.find((team) => (given.team_uuid ? team.uuid === given.team_uuid : team.default)) ?? null,
    channel:
      channels.find((channel) => channel.uuid === given.channel_uuid) ?? mainChannel(given.source) ?? null,
  }
}

/** A checkbox comes back as JSON text, with a space after each comma. */
function writeCustomValue(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : `[${value.map((option) => JSON.stringify(option)).join(', ')}]`
}

function mainChannel(source: string) {
  return channels.find((channel) => channel.type === source && channel.main)
}

function digitsOf(phoneNumber: string): string {
  return phoneNumber.replaceAll(/\D/g, '')
}

/** The nth contact always has the same uuid, so that an example's answer can be foretold. */
function uuidOf(position: number): string {
  return createHash('sha256').update(`contact ${position}`).digest('hex').slice(0, 32)
}

function nowInSeconds(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}
