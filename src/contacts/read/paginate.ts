/** Turns a list of Callbell, with pages of a fixed size, into a connection with pages of any size. */
import type { z } from 'zod'
import { badArgument } from '../rules/argument.ts'
import type { Position } from './cursor.ts'
import { decodeCursor, digestOf, encodeCursor, skipOf } from './cursor.ts'

/** Relay's arguments for forward pagination. */
export interface PageArgs {
  /** How many items. Default: 20. */
  readonly first?: number | null | undefined
  /** The cursor of the previous item. */
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

/** A list of Callbell. */
export interface PageSource<Node, Page> {
  /** A string that distinguishes it from all other lists. */
  readonly name: string
  readonly firstPage: Page
  /** Validates the name of a page, as a cursor holds it. */
  readonly pageForm: z.ZodType<Page>
  readonly idOf: (node: Node) => string | null
  readonly fetchPage: (page: Page) => Promise<{ readonly items: readonly Node[]; readonly next: Page | null }>
}

/** How many items each page of Callbell has. */
export const pageSize = 20
export const defaultFirst = 20
const maxFirst = 100

/** How many calls to Callbell a page takes if the list is long enough. */
export function callsOf({ first, after }: PageArgs): number {
  return Math.ceil((skipOf(after) + sizeOf({ first })) / pageSize)
}

/** How many items a page has at most. */
export function sizeOf({ first }: PageArgs): number {
  return Math.min(Math.max(first ?? defaultFirst, 1), maxFirst)
}

/**
 * Fetches Callbell's pages sequentially until there are `first` items. If one fails, the whole fails: a partial
 * list that seems complete is worse than none.
 *
 * @throws ContactsError
 */
export async function paginate<Node, Page>(
  list: PageSource<Node, Page>,
  pageArgs: PageArgs,
): Promise<Connection<Node>> {
  const { first, after } = pageArgs
  const size = sizeOf(pageArgs)
  if (typeof first === 'number' && first !== size) {
    throw badArgument(`\`first\` must be from 1 to ${maxFirst}, but is ${first}.`)
  }
  const digest = digestOf(list.name)
  const start = typeof after === 'string' ? decodeCursor(after, digest, list.pageForm) : undefined
  // One extra call for a list that has shifted. If pages are not full, the result has fewer items.
  const maxFetches = callsOf(pageArgs) + 1
  const edges: Edge<Node>[] = []
  let page = start?.page ?? list.firstPage
  for (let calls = 1; ; calls += 1) {
    const { items, next } = await list.fetchPage(page)
    const begin = start && calls === 1 ? startIndexOf(start, items.map(list.idOf)) : 0
    const taken = items.slice(begin, begin + size - edges.length)
    const end = begin + taken.length
    for (const [offset, node] of taken.entries()) {
      const index = begin + offset
      const isLast = index === items.length - 1
      const id = list.idOf(node)
      // The cursor of a page's last item names the next page, so that its own page is not fetched again.
      const position =
        isLast && next !== null
          ? { page: next, id, skip: 0 }
          : { page, id, skip: id === null ? index + 1 : index }
      edges.push({ node, cursor: encodeCursor(position, digest) })
    }
    if (edges.length < size && next !== null && calls < maxFetches) {
      page = next
      continue
    }
    const onward = next === null ? null : encodeCursor({ page: next, id: null, skip: 0 }, digest)
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

/** @returns the index of the first item of the page that the list continues with */
function startIndexOf<Page>({ id, skip }: Position<Page>, ids: readonly (string | null)[]): number {
  const found = id === null ? -1 : ids.indexOf(id)
  return found < 0 ? skip : found + 1
}
