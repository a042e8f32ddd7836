/** Decodes any string to a `Contact` or a named failure. Pure: no I/O, never throws. */
import type { Channel, Contact, Team } from '../../domain/contact.ts'
import { contactSources } from '../../domain/contact.ts'
import { deniesSuccess } from './json.ts'
import { isObject, ownValue, parseJson } from '../../domain/json.ts'
import { JsonReader } from './json-reader.ts'

/** Why an answer has no identifiable contact. `DENIED`: its body reports a failure. */
export type DecodingFailure = 'NOT_JSON' | 'DENIED' | 'NO_CONTACT' | 'SEVERAL_CONTACTS' | 'NO_UUID'

/** `ABSENT`: the answer states explicitly that there is no contact (`null`, or an empty list). */
export type NoContact = { readonly failure: DecodingFailure | 'ABSENT' }

export interface ReadableContact {
  readonly contact: Contact
  /**
   * Whether the contact's tags are known: they were in the answer, and each could be read. Code that
   * replaces the list needs to know its contents.
   */
  readonly areTagsKnown: boolean
  /** Paths of values with an unknown shape. They are null in the contact. */
  readonly unreadable: readonly string[]
}

export type DecodedContact = ReadableContact | NoContact

/**
 * Decodes `{contact: …}`. The contact is a list of one in the documentation, and an object on the
 * live API. Both are accepted from every endpoint. Unknown keys are ignored, a missing key is null.
 */
export function decodeContact(text: string): DecodedContact {
  const body = parseJson(text)
  if (body === undefined) return { failure: 'NOT_JSON' }
  if (deniesSuccess(body)) return { failure: 'DENIED' }
  const wrapped = isObject(body) ? ownValue(body, 'contact') : undefined
  if (wrapped === null || (Array.isArray(wrapped) && wrapped.length === 0)) return { failure: 'ABSENT' }
  if (Array.isArray(wrapped) && wrapped.length > 1) return { failure: 'SEVERAL_CONTACTS' }
  const wire: unknown = Array.isArray(wrapped) ? wrapped[0] : wrapped
  if (!isObject(wire)) return { failure: 'NO_CONTACT' }
  const reader = new JsonReader(wire, 'contact')
  const contact = readContact(reader)
  if (contact === null) return { failure: 'NO_UUID' }
  const { unreadable } = reader
  const areTagsKnown = ownValue(wire, 'tags') !== undefined && !unreadable.some(isOfTags)
  return { contact, areTagsKnown, unreadable }
}

/** Tags are read early, so that their paths are among the first 20, which are the only ones kept. */
function isOfTags(path: string): boolean {
  return path === 'contact.tags' || path.startsWith('contact.tags.')
}

/** @returns null if there is no uuid */
export function readContact(reader: JsonReader): Contact | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  const sourceName = reader.string('source')
  return {
    uuid,
    name: reader.string('name'),
    phoneNumber: reader.string('phoneNumber'),
    avatarUrl: reader.string('avatarUrl'),
    source: contactSources.find((source) => source === sourceName) ?? null,
    sourceName,
    createdAt: reader.time('createdAt'),
    closedAt: reader.time('closedAt'),
    blockedAt: reader.time('blockedAt'),
    href: reader.string('href'),
    conversationHref: reader.string('conversationHref'),
    tags: reader.strings('tags'),
    assignedUser: reader.string('assignedUser'),
    customFields: reader.customFields('customFields', 'customFieldsMetadata'),
    funnelId: reader.string('funnelId'),
    note: reader.string('note'),
    bsuid: reader.string('bsuid'),
    team: reader.object('team', readTeam),
    channel: reader.object('channel', readChannel),
  }
}

export function readTeam(reader: JsonReader): Team | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.string('name'),
    createdAt: reader.time('createdAt'),
    default: reader.boolean('default'),
    memberCount: reader.count('members'),
  }
}

export function readChannel(reader: JsonReader): Channel | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    title: reader.string('title'),
    type: reader.string('type'),
    main: reader.boolean('main'),
    discardedAt: reader.time('discardedAt'),
  }
}
