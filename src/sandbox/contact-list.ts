/** `GET /contacts`: filters, and pagination by page number or by cursor. */
import { comparePositions, decodeListCursor, encodeListCursor } from './cursor.ts'
import type { ContactRecord } from './contact-record.ts'
import { withFieldTypes } from './custom-fields.ts'
import { pageFrom, pageIn, startOf } from './page.ts'
import type { Reply } from './reply.ts'
import { ok, refuse } from './reply.ts'

const lastPage = 500

/** Two lists differ if one of these differs. */
const filterNames = ['source', 'tags', 'team_uuid']

export const listParameters = ['page', 'after', 'include_field_types', ...filterNames]

/** @param records all contacts, in any order */
export function answerContactList(records: readonly ContactRecord[], query: URLSearchParams): Reply {
  const page = pageIn(query)
  const after = query.get('after')
  if (page === undefined) return refuse('Invalid page')
  if (page > lastPage) return refuse('Pagination limit exceeded')
  // Their combination is not documented.
  if (after !== null && query.has('page')) return refuse('page and after cannot be combined')
  const filters = JSON.stringify(filterNames.map((name) => query.get(name)))
  const cursor = after === null ? undefined : decodeListCursor(after, filters)
  if (after !== null && cursor === undefined) return refuse('Invalid pagination cursor')

  const found = records.filter(createFilter(query)).toSorted(byConversation)
  const start = cursor
    ? found.filter((record) => comparePositions(positionOf(record), cursor) <= 0).length
    : startOf(page)
  const { shown, isLast, ...meta } = pageFrom(found, start)
  const last = shown.at(-1)
  const next = isLast || !last ? null : encodeListCursor(positionOf(last), filters)
  return ok({ contacts: shown.map(({ contact }) => withFieldTypes(contact, query)), meta: { ...meta, next } })
}

function createFilter(query: URLSearchParams): (record: ContactRecord) => boolean {
  const [source, team] = [query.get('source'), query.get('team_uuid')]
  const wanted = query.get('tags')?.toLowerCase().split(',') ?? []
  return ({ contact }) => {
    const tags = new Set(contact.tags.map((tag) => tag.toLowerCase()))
    return (
      (source === null || contact.source === source) &&
      (team === null || contact.team?.uuid === team) &&
      wanted.every((tag) => tags.has(tag))
    )
  }
}

function positionOf({ activeAt, contact: { uuid } }: ContactRecord) {
  return { activeAt, uuid }
}

/** Newest conversation first. */
function byConversation(first: ContactRecord, second: ContactRecord): number {
  return comparePositions(positionOf(first), positionOf(second))
}
