/** A list of Callbell's, which comes by pages of its own size, as a connection: in steps of any size. */
import type { z } from 'zod'
import { badArgument } from '../rules/argument.ts'
import type { Position } from './cursor.ts'
import { decodeCursor, digestOf, encodeCursor, placeOf } from './cursor.ts'

/** Relay's arguments for walking forward. */
export interface PageArgs {
  /** How many things are wanted. Default: 20. */
  readonly first?: number | null | undefined
  /** The cursor of the thing before. */
  readonly after?: string | null | undefined
}

export interface Edge<Node> {
  readonly cursor: string
  readonly node: Node
}

export interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[]
  readonly pageInfo: PageInfo
}

/** A list as it comes from Callbell. */
export interface PageSource<Node, Page> {
  /** Whatever tells it from all others, as text. */
  readonly name: string
  readonly firstPage: Page
  /** What its pages are named by. */
  readonly pageForm: z.ZodType<Page>
  readonly idOf: (node: Node) => string | null
  readonly fetchPage: (page: Page) => Promise<{ readonly items: readonly Node[]; readonly next: Page | null }>
}

/** How many things are on each page of Callbell. */
export const pageSize = 20
export const defaultFirst = 20
const mostFirst = 100

/** How many calls to Callbell a step is going to take, of a list that is long enough. */
export function callsOf({ first, after }: PageArgs): number {
  return Math.ceil((placeOf(after) + sizeOf({ first })) / pageSize)
}

/** How many things a step gives at most. */
export function sizeOf({ first }: PageArgs): number {
  return Math.min(Math.max(first ?? defaultFirst, 1), mostFirst)
}

/**
 * Fetches as many pages as it takes to have `first` things, one after the other. When any fails,
 * the whole does: half a list that looks whole is worse than none.
 *
 * @throws ContactsFailure
 */
export async function paginate<Node, Page>(
  list: PageSource<Node, Page>,
  step: PageArgs,
): Promise<Connection<Node>> {
  const { first, after } = step
  const size = sizeOf(step)
  if (typeof first === 'number' && first !== size) {
    throw badArgument(`\`first\` must be from 1 to ${mostFirst}, but is ${first}.`)
  }
  const digest = digestOf(list.name)
  const start = typeof after === 'string' ? decodeCursor(after, digest, list.pageForm) : undefined
  // One is to spare for a list that has shifted. Should pages be less than full, fewer things are given.
  const mostCalls = callsOf(step) + 1
  const edges: Edge<Node>[] = []
  let page = start?.page ?? list.firstPage
  for (let calls = 1; ; calls += 1) {
    const { items, next } = await list.fetchPage(page)
    const begin = start && calls === 1 ? placeAfter(start, items.map(list.idOf)) : 0
    const taken = items.slice(begin, begin + size - edges.length)
    const end = begin + taken.length
    for (const [offset, node] of taken.entries()) {
      const index = begin + offset
      const isLast = index === items.length - 1
      const id = list.idOf(node)
      // The last of a page leads to the next one, which spares fetching its own once more.
      const position =
        isLast && next !== null
          ? { page: next, id, place: 0 }
          : { page, id, place: id === null ? index + 1 : index }
      edges.push({ node, cursor: encodeCursor(position, digest) })
    }
    if (edges.length < size && next !== null && calls < mostCalls) {
      page = next
      continue
    }
    const onward = next === null ? null : encodeCursor({ page: next, id: null, place: 0 }, digest)
    return {
      edges,
      pageInfo: {
        hasNextPage: end < items.length || next !== null,
        hasPreviousPage: start !== undefined,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? onward,
      },
    }
  }
}

function placeAfter<Page>({ id, place }: Position<Page>, ids: readonly (string | null)[]): number {
  const found = id === null ? -1 : ids.indexOf(id)
  return found < 0 ? place : found + 1
}
