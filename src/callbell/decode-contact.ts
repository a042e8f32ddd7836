/** From any JSON to a `Contact` or a named decoding failure. Pure: no I/O, never throws. */
import type { Channel, Contact, CustomField, Team } from '../contact.ts'
import { contactSources } from '../contact.ts'
import type { JsonObject } from './json.ts'
import { asText, isObject, own, parseJson } from './json.ts'

/** Why an answer holds no contact that we can name. */
export type DecodingFailure = 'NOT_JSON' | 'NO_CONTACT' | 'SEVERAL_CONTACTS' | 'NO_UUID'

/** `ABSENT`: the answer says, in so many words, that there is none (`null`, or an empty list). */
export type NoContact = { readonly failure: DecodingFailure | 'ABSENT' }

export type DecodedContact =
  | {
      readonly contact: Contact
      /** Paths whose value was there but of no shape that we know, and which are null for that. */
      readonly unreadable: readonly string[]
    }
  | NoContact

/**
 * Decodes `{contact: …}`. The contact is a list of one in the documents and an object on the
 * live API; both are taken from every endpoint. Unknown keys are ignored, a missing key is null.
 */
export function decodeContact(text: string): DecodedContact {
  const body = parseJson(text)
  if (body === undefined) return { failure: 'NOT_JSON' }
  const wrapped = isObject(body) ? own(body, 'contact') : undefined
  if (wrapped === null || (Array.isArray(wrapped) && wrapped.length === 0)) return { failure: 'ABSENT' }
  if (Array.isArray(wrapped) && wrapped.length > 1) return { failure: 'SEVERAL_CONTACTS' }
  const wire: unknown = Array.isArray(wrapped) ? wrapped[0] : wrapped
  if (!isObject(wire)) return { failure: 'NO_CONTACT' }
  const reader = new Reader(wire, 'contact')
  const uuid = reader.uuid()
  if (uuid === null) return { failure: 'NO_UUID' }
  return { contact: readContact(reader, uuid), unreadable: reader.unreadable }
}

function readContact(reader: Reader, uuid: string): Contact {
  const sourceName = reader.text('source')
  return {
    uuid,
    name: reader.text('name'),
    phoneNumber: reader.text('phoneNumber'),
    avatarUrl: reader.text('avatarUrl'),
    source: contactSources.find((source) => source === sourceName) ?? null,
    sourceName,
    createdAt: reader.time('createdAt'),
    closedAt: reader.time('closedAt'),
    blockedAt: reader.time('blockedAt'),
    href: reader.text('href'),
    conversationHref: reader.text('conversationHref'),
    tags: reader.texts('tags'),
    assignedUser: reader.text('assignedUser'),
    customFields: reader.customFields('customFields'),
    funnelId: reader.text('funnelId'),
    note: reader.text('note'),
    bsuid: reader.text('bsuid'),
    team: reader.object('team', readTeam),
    channel: reader.object('channel', readChannel),
  }
}

function readTeam(reader: Reader): Team | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.text('name'),
    createdAt: reader.time('createdAt'),
    default: reader.boolean('default'),
    memberCount: reader.count('members'),
  }
}

function readChannel(reader: Reader): Channel | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    title: reader.text('title'),
    type: reader.text('type'),
    main: reader.boolean('main'),
    discardedAt: reader.time('discardedAt'),
  }
}

/** Reads the keys of one wire object and remembers which of them it could not make sense of. */
class Reader {
  readonly unreadable: string[]
  private readonly wire: JsonObject
  private readonly path: string

  constructor(wire: JsonObject, path: string, unreadable: string[] = []) {
    this.wire = wire
    this.path = path
    this.unreadable = unreadable
  }

  uuid(): string | null {
    const value = own(this.wire, 'uuid')
    return typeof value === 'string' && value.trim() !== '' ? value : null
  }

  text(key: string): string | null {
    return this.read(key, asText)
  }

  time(key: string): string | null {
    return this.read(key, decodeTime)
  }

  boolean(key: string): boolean | null {
    return this.read(key, (value) => (typeof value === 'boolean' ? value : null))
  }

  /** A number of things, told by the number or by the list of them. */
  count(key: string): number | null {
    return this.read(key, (value) => {
      const count: unknown = Array.isArray(value) ? value.length : value
      return Number.isInteger(count) && Math.abs(Number(count)) < 2 ** 31 ? Number(count) : null
    })
  }

  texts(key: string): string[] {
    const items = this.read(key, (value) => (Array.isArray(value) ? value : null)) ?? []
    return items.flatMap((item, index) => {
      const text = asText(item)
      if (text === null) this.unreadable.push(`${this.path}.${key}.${index}`)
      return text ?? []
    })
  }

  customFields(key: string): CustomField[] {
    const fields = this.read(key, (value) => (isObject(value) ? value : null)) ?? {}
    return Object.entries(fields).map(([name, value]) => {
      const text = textOfCustomValue(value)
      if (text === null && value !== null) this.unreadable.push(`${this.path}.${key}.${name}`)
      return { name, value: text, values: text === null ? null : listIn(text) }
    })
  }

  object<T>(key: string, read: (reader: Reader) => T | null): T | null {
    return this.read(key, (value) =>
      isObject(value) ? read(new Reader(value, `${this.path}.${key}`, this.unreadable)) : null,
    )
  }

  private read<T>(key: string, decode: (value: unknown) => T | null): T | null {
    const value = own(this.wire, key)
    if (value === undefined || value === null) return null
    const decoded = decode(value)
    if (decoded === null) this.unreadable.push(`${this.path}.${key}`)
    return decoded
  }
}

/** A custom field's text. A list or object, should one come, is kept as its JSON text. */
function textOfCustomValue(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return asText(value)
  try {
    return JSON.stringify(value)
  } catch {
    // Nested so deeply that writing it overflows the stack.
    return null
  }
}

/**
 * The options in a checkbox field's text, `"[\"Dark Mode\"]"`; null for any other text. The answer
 * does not say which fields are checkboxes and a text field may hold brackets too: so this is
 * read besides the text, never instead of it.
 */
function listIn(text: string): readonly string[] | null {
  const list = text.trimStart().startsWith('[') ? parseJson(text) : undefined
  return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : null
}

/** RFC 3339, or as one family of endpoints writes it: `2025-12-18 20:00:19 +0100`. */
const timeForm = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(Z|UTC)|([+-]\d\d):?(\d\d))$/

/** A time as RFC 3339 text: as it came where it is that already, else converted; null where it is no time. */
export function decodeTime(value: unknown): string | null {
  const parts = typeof value === 'string' ? timeForm.exec(value) : null
  if (parts === null) return null
  const [, date = '', time, utc, hours, minutes] = parts
  const text = `${date}T${time}${utc ? 'Z' : `${hours}:${minutes}`}`
  // JavaScript takes the 31st of February for the 3rd of March.
  const isReal = !Number.isNaN(Date.parse(text)) && new Date(date).toISOString().startsWith(date)
  return isReal ? text : null
}
