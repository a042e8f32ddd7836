/** Where a list goes on whose pages are numbered from 1. Pure. */

/** What an answer's `meta` says of the other pages. */
interface Meta {
  /** What names the next page; null where nothing does. */
  readonly next: string | null
  /** How many pages there are; null where the answer does not say. */
  readonly pages: number | null
}

/**
 * @param page the number of the page that the answer is
 * @returns the number of the next page; null after the last one; undefined where the answer does not say;
 *   `UNKNOWN_NEXT_PAGE` where there is one that no number is known for
 */
export function nextPage(
  page: number,
  { next, pages }: Meta,
): number | null | undefined | 'UNKNOWN_NEXT_PAGE' {
  if (pages !== null && page < pages) return page + 1
  if (next === null) return pages === null ? undefined : null
  return Number(next) === page + 1 ? page + 1 : 'UNKNOWN_NEXT_PAGE'
}
