/** What the functions of the client return besides the domain's own types. */

/** A page of a list that is walked through by cursors. */
export interface Page<T> {
  readonly items: readonly T[]
  /** The cursor of the next page; null at the end. */
  readonly next: string | null
}

/** A page of a list whose pages are numbered from 1. */
export interface NumberedPage<T> {
  readonly items: readonly T[]
  /** The number of the next page; null after the last one; undefined where the answer does not say. */
  readonly next: number | null | undefined
  /** How many pages there are; null where the answer does not say. */
  readonly pages: number | null
}
