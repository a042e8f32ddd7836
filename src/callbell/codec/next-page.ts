/** Finds the next page of a list whose pages are numbered from 1. Pure. */

/** The other pages, from an answer's `meta`. */
interface Meta {
  /** The next page; null if the answer names none. */
  readonly next: string | null
  /** The number of pages; null if the answer does not state it. */
  readonly pages: number | null
}

/**
 * @param page the number of this page
 * @returns the number of the next page; null after the last one; undefined if the answer does not state it;
 *   `UNKNOWN_NEXT_PAGE` if there is one, but its number is unknown
 */
export function nextPage(
  page: number,
  { next, pages }: Meta,
): number | null | undefined | 'UNKNOWN_NEXT_PAGE' {
  if (pages !== null && page < pages) return page + 1
  if (next === null) return pages === null ? undefined : null
  return Number(next) === page + 1 ? page + 1 : 'UNKNOWN_NEXT_PAGE'
}
