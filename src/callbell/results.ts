/** The pages that the client returns. */

/** A page of a list with cursors. */
export interface Page<T> {
  readonly items: readonly T[]
  /** The cursor of the next page; null at the end. */
  readonly next: string | null
}

/** A page of a list whose pages are numbered from 1. */
export interface NumberedPage<T> {
  readonly items: readonly T[]
  /** The number of the next page; null after the last one; undefined if the answer does not state it. */
  readonly next: number | null | undefined
  /** The number of pages; null if the answer does not state it. */
  readonly pages: number | null
}
