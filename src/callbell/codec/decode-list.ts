/** Decodes any string to the items of a list or a named failure. Pure: no I/O, never throws. */
import type { Bot, Funnel, Message } from '../../domain/contact.ts'
import { deniesSuccess } from './json.ts'
import { isObject, ownValue, parseJson } from '../../domain/json.ts'
import { JsonReader } from './json-reader.ts'

export interface ReadableList<T> {
  readonly items: readonly T[]
  /** The cursor or number of the next page; null if the answer names none. */
  readonly next: string | null
  /** The number of pages; null if the answer does not state it. */
  readonly pages: number | null
  /** Paths of values with an unknown shape. */
  readonly unreadable: readonly string[]
}

export type DecodedList<T> =
  | ReadableList<T>
  | {
      readonly failure:
        'NOT_JSON' | 'DENIED' | 'NO_LIST' | 'TOO_MANY_ITEMS' | 'UNREADABLE_ITEM' | 'UNREADABLE_META'
    }

/** Per page. Callbell returns 20. Decoded items take many times the memory of their JSON. */
const maxItems = 1000

/** In characters. The gateway's cursors contain this one, and must fit into a URL. */
export const maxNextLength = 4096

/**
 * Decodes `{<key>: […], meta: {next, pages}}`. One unreadable item fails the whole list: a partial list
 * that appears complete is worse than none. An unreadable `meta`, `next` or `pages` fails it for the same
 * reason: it may name a next page.
 *
 * @param read decodes an item; null: the item has the wrong type
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
  if (list.length > maxItems) return { failure: 'TOO_MANY_ITEMS' }
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
  const isCursor = typeof value === 'string' && value.length <= maxNextLength && value.isWellFormed()
  return isCursor ? value : undefined
}

/** @returns null where there is none, undefined where it can't be read */
function decodeCount(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/**
 * Decodes `{<key>: {…}}`. The object may be in a list of one, as contacts are.
 *
 * @returns null if the answer states that there is none (`null`, or an empty list); undefined if it has
 *   no readable object
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
