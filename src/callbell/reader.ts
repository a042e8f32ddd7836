/** Reading one object of an answer: total functions from whatever it holds to values that we know. */
import type { CustomField } from '../contact.ts'
import type { JsonObject } from './json.ts'
import { asText, isObject, own, parseJson } from './json.ts'

/** Reads the keys of one wire object and remembers which of them it could not make sense of. */
export class Reader {
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

  customFields(key: string, metadataKey: string): CustomField[] {
    const fields = this.read(key, (value) => (isObject(value) ? value : null)) ?? {}
    const metadata = this.read(metadataKey, (value) => (isObject(value) ? value : null)) ?? {}
    return Object.entries(fields).map(([name, value]) => {
      const text = textOfCustomValue(value)
      if (text === null && value !== null) this.unreadable.push(`${this.path}.${key}.${name}`)
      const field = own(metadata, name)
      const told = new Reader(isObject(field) ? field : {}, `${this.path}.${metadataKey}`, this.unreadable)
      const hasOptions = isObject(field) && own(field, 'options') !== undefined
      return {
        name,
        value: text,
        values: text === null ? null : listIn(text),
        type: told.text('type'),
        options: hasOptions ? told.texts('options') : null,
      }
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
