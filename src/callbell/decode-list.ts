/** From any JSON to the things of a list, or to a named decoding failure. Pure: no I/O, never throws. */
import type { Bot, Funnel, Message } from '../contact.ts'
import { isObject, own, parseJson } from './json.ts'
import { Reader } from './reader.ts'

export type DecodedList<T> =
  | {
      readonly items: readonly T[]
      /** The cursor of the next page; null where there is none. */
      readonly next: string | null
      /** How many pages there are; 1 where it is not told. */
      readonly pages: number
      readonly unreadable: readonly string[]
    }
  | { readonly failure: 'NOT_JSON' | 'NO_LIST' | 'UNREADABLE_ITEM' }

/**
 * Decodes `{<key>: […], meta: {next, pages}}`. One item that can't be read fails the whole: half a list
 * that looks whole is worse than none.
 *
 * @param read null: it is not what the list is of
 */
export function decodeList<T>(text: string, key: string, read: (reader: Reader) => T | null): DecodedList<T> {
  const body = parseJson(text)
  if (body === undefined) return { failure: 'NOT_JSON' }
  const list = isObject(body) ? own(body, key) : undefined
  if (!Array.isArray(list)) return { failure: 'NO_LIST' }
  const unreadable: string[] = []
  const items: T[] = []
  for (const [index, wire] of list.entries()) {
    const item = isObject(wire) ? read(new Reader(wire, `${key}.${index}`, unreadable)) : null
    if (item === null) return { failure: 'UNREADABLE_ITEM' }
    items.push(item)
  }
  const meta = isObject(body) ? own(body, 'meta') : undefined
  const next = isObject(meta) ? own(meta, 'next') : null
  const pages = isObject(meta) ? own(meta, 'pages') : null
  return {
    items,
    next: typeof next === 'string' && next !== '' ? next : null,
    pages: typeof pages === 'number' && Number.isInteger(pages) ? pages : 1,
    unreadable,
  }
}

/** Decodes `{<key>: {…}}`; undefined where it holds no such thing. */
export function decodeObject<T>(
  text: string,
  key: string,
  read: (reader: Reader) => T | null,
): T | undefined {
  const body = parseJson(text)
  const wire = isObject(body) ? own(body, key) : undefined
  return (isObject(wire) ? read(new Reader(wire, key)) : null) ?? undefined
}

export function readMessage(reader: Reader): Message {
  return {
    uuid: reader.uuid(),
    text: reader.text('text'),
    createdAt: reader.time('createdAt'),
    status: reader.text('status'),
    channel: reader.text('channel'),
    from: reader.text('from'),
    to: reader.text('to'),
  }
}

export function readBot(reader: Reader): Bot | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.text('name'),
    status: reader.text('status'),
    conversationStartedAt: reader.time('conversationStartedAt'),
    version: reader.count('version'),
    isLatestVersion: reader.boolean('latestBotVersion'),
  }
}

export function readFunnel(reader: Reader): Funnel | null {
  const uuid = reader.uuid()
  if (uuid === null) return null
  return {
    uuid,
    name: reader.text('name'),
    position: reader.count('position'),
    emoji: reader.text('emoji'),
    createdAt: reader.time('createdAt'),
  }
}
