/** `GET /contacts`: filters, and the walk through them by page or by cursor. */
import { comparePositions, decodeCursor, encodeCursor } from './cursor.ts'
import type { ContactRecord } from './contact-record.ts'
import { withFieldTypes } from './field-types.ts'
import { pageFrom, pageIn, startOf } from './page.ts'
import type { Reply } from './reply.ts'
import { ok, refuse } from './reply.ts'

const lastPage = 500

/** What tells one list from another. */
const filterNames = ['source', 'tags', 'team_uuid']

export const listParameters = ['page', 'after', 'include_field_types', ...filterNames]

/** @param entries all that there are, in any order */
export function listContacts(entries: readonly ContactRecord[], query: URLSearchParams): Reply {
  const page = pageIn(query)
  const after = query.get('after')
  if (page === undefined) return refuse('Invalid page')
  if (page > lastPage) return refuse('Pagination limit exceeded')
  // What both together mean is not documented.
  if (after !== null && query.has('page')) return refuse('page and after exclude each other')
  const filters = JSON.stringify(filterNames.map((name) => query.get(name)))
  const cursor = after === null ? undefined : decodeCursor(after, filters)
  if (after !== null && cursor === undefined) return refuse('Invalid pagination cursor')

  const found = entries.filter(createFilter(query)).toSorted(byConversation)
  const start = cursor
    ? found.filter((entry) => comparePositions(positionOf(entry), cursor) <= 0).length
    : startOf(page)
  const { shown, isLast, ...meta } = pageFrom(found, start)
  const last = shown.at(-1)
  const next = isLast || !last ? null : encodeCursor(positionOf(last), filters)
  return ok({ contacts: shown.map(({ contact }) => withFieldTypes(contact, query)), meta: { ...meta, next } })
}

function createFilter(query: URLSearchParams): (entry: ContactRecord) => boolean {
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
