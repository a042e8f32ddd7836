/** Pages of a list: 20 items each, numbered from 1. */
const pageSize = 20

/** @returns the requested page, by default 1; undefined if it is invalid */
export function pageIn(query: URLSearchParams): number | undefined {
  const page = query.get('page') ?? '1'
  return /^[1-9]\d*$/.test(page) ? Number(page) : undefined
}

/** @returns the number of items before a page */
export function startOf(page: number): number {
  return (page - 1) * pageSize
}

/** @param start the number of items before the requested ones */
export function pageFrom<Item>(items: readonly Item[], start: number) {
  return {
    shown: items.slice(start, start + pageSize),
    isLast: start + pageSize >= items.length,
    page: Math.floor(start / pageSize) + 1,
    pages: Math.ceil(items.length / pageSize),
  }
}
