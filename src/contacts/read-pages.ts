/** Lists that are short and wanted whole, page by page. */
import type { Page, Times } from '../callbell/client.ts'
import type { Read } from './read.ts'

/** An account has a handful of teams and inboxes: this is a bound against an answer that has no end. */
const mostPages = 50

/** @returns the things of all pages; if one of them can't be read, none */
export async function readPages<T>(
  read: Read,
  list: (page: number, times: Times) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const first = await read((times) => list(1, times))
  const items = [...first.items]
  for (let page = 2; page <= Math.min(first.pages, mostPages); page += 1) {
    const next = await read((times) => list(page, times))
    items.push(...next.items)
  }
  return items
}
