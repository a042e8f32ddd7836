/** From any JSON to the things of a list, or to a named decoding failure. Pure: no I/O, never throws. */
import type { Bot, Funnel, Message } from '../../domain/contact.ts'
import { deniesSuccess, isObject, ownValue, parseJson } from './json.ts'
import { JsonReader } from './json-reader.ts'

export interface ReadableList<T> {
  readonly items: readonly T[]
  /** What names the next page; null where the answer names none. */
  readonly next: string | null
  /** How many pages there are; null where the answer does not say. */
  readonly pages: number | null
  /** Paths of values of an unknown shape. */
  readonly unreadable: readonly string[]
}

export type DecodedList<T> =
  | ReadableList<T>
  | {
      readonly failure:
        'NOT_JSON' | 'DENIED' | 'NO_LIST' | 'TOO_MANY_ITEMS' | 'UNREADABLE_ITEM' | 'UNREADABLE_META'
    }

/** Of one page. Callbell gives 20: far more would take many times the memory of their text. */
const mostItems = 1000

/** Longer cursors would make cursors of ours that callers could not send back in a URL. */
export const longestNext = 4096

/**
 * Decodes `{<key>: […], meta: {next, pages}}`. One item that can't be read fails the whole: half a list
 * that looks whole is worse than none. For the same reason a `meta`, `next` or `pages` that is there and
 * can't be read fails it: it may say that the list goes on.
 *
 * @param read null: it is not what the list is of
 */
export function decodeList<T>(
  text: string,
  key: string,
  read: (reader: JsonReader) => T | null,
): DecodedList<T> {
  const body = parseJson(text)
  if (body === undefined) return { failure: 'NOT_JSON' }
  if (deniesSuccess(body)) return { failure: 'DENIED' }
  const list = isObject(body) ? ownValue(body, key) : undefined
  if (!Array.isArray(list)) return { failure: 'NO_LIST' }
  if (list.length > mostItems) return { failure: 'TOO_MANY_ITEMS' }
  const unreadable: string[] = []
  const items: T[] = []
  for (const [index, wire] of list.entries()) {
    const item = isObject(wire) ? read(new JsonReader(wire, `${key}.${index}`, unreadable)) : null
    if (item === null) return { failure: 'UNREADABLE_ITEM' }
    items.push(item)
  }
  const meta = (isObject(body) ? ownValue(body, 'meta') : undefined) ?? {}
  if (!isObject(meta)) return { failure: 'UNREADABLE_META' }
  const next = decodeNext(ownValue(meta, 'next'))
  const pages = decodeCount(ownValue(meta, 'pages'))
  if (next === undefined || pages === undefined) return { failure: 'UNREADABLE_META' }
  return { items, next, pages, unreadable }
}

/** @returns null where there is none, undefined where it can't be read */
function decodeNext(value: unknown): string | null | undefined {
  // An empty cursor names no page.
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined
  const isCursor = typeof value === 'string' && value.length <= longestNext && value.isWellFormed()
  return isCursor ? value : undefined
}

/** @returns null where there is none, undefined where it can't be read */
function decodeCount(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/**
 * Decodes `{<key>: {…}}`, also in a list of one, as contacts are answered.
 *
 * @returns null where the answer says that there is none (`null`, or an empty list); undefined where it
 *   does not hold such a thing
 */
export function decodeObject<T>(
  text: string,
  key: string,
  read: (reader: JsonReader) => T | null,
): T | null | undefined {
  const body = parseJson(text)
  if (deniesSuccess(body)) return undefined
  const value = isObject(body) ? ownValue(body, key) : undefined
  const wire = Array.isArray(value) && value.length <= 1 ? (value[0] ?? null) : value
  if (wire === null) return null
  return (isObject(wire) ? read(new JsonReader(wire, key)) : null) ?? undefined
}

export function readMessage(reader: JsonReader): Message {
  return {
    uuid: reader.uuid(),
    text: reader.string('text'),
    createdAt: reader.time('createdAt'),
    status: reader.string('status'),
    channel: reader.string('channel'),
    from: reader.string('from'),
    to: reader.string('to'),
  }
}

export function readBot(reader: JsonReader): Bot | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.string('name'),
    status: reader.string('status'),
    conversationStartedAt: reader.time('conversationStartedAt'),
    version: reader.count('version'),
    isLatestVersion: reader.boolean('latestBotVersion'),
  }
}

export function readFunnel(reader: JsonReader): Funnel | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.string('name'),
    position: reader.count('position'),
    emoji: reader.string('emoji'),
    createdAt: reader.time('createdAt'),
  }
}
