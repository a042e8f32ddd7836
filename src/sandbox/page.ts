/** Lists by page: 20 things a page, counted from 1. */
const pageSize = 20

/** @returns the page that is asked for, 1 by default; undefined where it is no page */
export function pageIn(query: URLSearchParams): number | undefined {
  const page = query.get('page') ?? '1'
  return /^[1-9]\d*$/.test(page) ? Number(page) : undefined
}

/** How many things come before a page. */
export function startOf(page: number): number {
  return (page - 1) * pageSize
}

/** @param start how many things come before those that are wanted */
export function pageFrom<Thing>(things: readonly Thing[], start: number) {
  return {
    shown: things.slice(start, start + pageSize),
    isLast: start + pageSize >= things.length,
    page: Math.floor(start / pageSize) + 1,
    pages: Math.ceil(things.length / pageSize),
  }
}
