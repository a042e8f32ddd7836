/** Reads one JSON object of an answer: total functions from unknown values to known types. */
import type { CustomField } from '../../domain/contact.ts'
import type { JsonObject } from '../../domain/json.ts'
import { isObject, ownValue, parseJson } from '../../domain/json.ts'
import { asString } from './json.ts'

/** The log shows no more. An answer may have as many as it has values. */
const maxUnreadable = 20

/** Reads the keys of one JSON object, and collects the paths of unreadable values. */
export class JsonReader {
  /** The first 20 paths, for the log. They contain known keys and positions, and nothing from the answer. */
  readonly unreadable: string[]
  private readonly wire: JsonObject
  private readonly path: string

  constructor(wire: JsonObject, path: string, unreadable: string[] = []) {
    this.wire = wire
    this.path = path
    this.unreadable = unreadable
  }

  uuid(): string | null {
    const value = ownValue(this.wire, 'uuid')
    return typeof value === 'string' && value.trim() !== '' ? value : null
  }

  string(key: string): string | null {
    return this.read(key, asString)
  }

  time(key: string): string | null {
    return this.read(key, decodeTime)
  }

  boolean(key: string): boolean | null {
    return this.read(key, asBoolean)
  }

  /** A count: a number, or the length of a list. */
  count(key: string): number | null {
    return this.read(key, asCount)
  }

  strings(key: string): string[] {
    const items = this.read(key, asList) ?? []
    const strings: string[] = []
    for (const [index, item] of items.entries()) {
      const text = asString(item)
      if (text === null) this.addUnreadable(`${this.path}.${key}.${index}`)
      else strings.push(text)
    }
    return strings
  }

  customFields(key: string, metadataKey: string): CustomField[] {
    const fields = this.read(key, asObject)
    if (fields === null) return []
    const metadata = this.read(metadataKey, asObject)
    return Object.entries(fields).map(([name, value], index) => {
      const text = stringOfCustomValue(value)
      if (text === null && value !== null) this.addUnreadable(`${this.path}.${key}.${index}`)
      const field = metadata && asObject(ownValue(metadata, name))
      const types = field && new JsonReader(field, `${this.path}.${metadataKey}`, this.unreadable)
      return {
        name,
        value: text,
        values: text === null ? null : listIn(text),
        type: types?.string('type') ?? null,
        options: types && ownValue(field, 'options') !== undefined ? types.strings('options') : null,
      }
    })
  }

  object<T>(key: string, read: (reader: JsonReader) => T | null): T | null {
    const value = ownValue(this.wire, key)
    if (value === undefined || value === null) return null
    const path = `${this.path}.${key}`
    const decoded = isObject(value) ? read(new JsonReader(value, path, this.unreadable)) : null
    if (decoded === null) this.addUnreadable(path)
    return decoded
  }

  private addUnreadable(path: string): void {
    if (this.unreadable.length < maxUnreadable) this.unreadable.push(path)
  }

  private read<T>(key: string, decode: (value: unknown) => T | null): T | null {
    const value = ownValue(this.wire, key)
    if (value === undefined || value === null) return null
    const decoded = decode(value)
    if (decoded === null) this.addUnreadable(`${this.path}.${key}`)
    return decoded
  }
}

function asBoolean(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null
}

function asCount(value: unknown): number | null {
  const count: unknown = Array.isArray(value) ? value.length : value
  return Number.isInteger(count) && Math.abs(Number(count)) < 2 ** 31 ? Number(count) : null
}

function asList(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null
}

function asObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null
}

/** The string of a custom field. A list or an object is kept as its JSON. */
function stringOfCustomValue(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return asString(value)
  try {
    return JSON.stringify(value)
  } catch {
    // Nested so deeply that `JSON.stringify` overflows the stack.
    return null
  }
}

/**
 * The options in the string of a checkbox field, `"[\"Dark Mode\"]"`; null for any other string. The answer
 * does not state which fields are checkboxes, and a string field may contain brackets, too. So the list is
 * read in addition to the string, never instead of it.
 */
function listIn(text: string): readonly string[] | null {
  const list = text.trimStart().startsWith('[') ? parseJson(text) : undefined
  return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : null
}

/** RFC 3339, or the form of some endpoints: `2025-12-18 20:00:19 +0100`. */
const timePattern =
  /^(\d{4})-(0\d|1[0-2])-(\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?) ?(?:(Z|UTC)|([+-](?:[01]\d|2[0-3])):?([0-5]\d))$/

/** @returns the time in RFC 3339: unchanged if it has that form, else converted; null if it is not a valid time */
export function decodeTime(value: unknown): string | null {
  const parts = typeof value === 'string' ? timePattern.exec(value) : null
  if (parts === null) return null
  const [, year, month, day, time, utc, hours, minutes] = parts
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return null
  return `${year}-${month}-${day}T${time}${utc ? 'Z' : `${hours}:${minutes}`}`
}

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** @param month from 1; 0 has no days */
function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return isLeap && month === 2 ? 29 : (daysOfMonths[month - 1] ?? 0)
}
