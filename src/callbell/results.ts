/** What the functions of the client return besides the domain's own types. */
import type { Contact, Message } from '../contact.ts'

/** What an answer tells of Callbell's clock. */
export interface Clocked {
  /**
   * Milliseconds by which Callbell's clock is ahead of ours, as its `Date` header tells: by whole
   * seconds, rounded down. 0 where it tells none.
   */
  readonly clockLeadMs: number
}

export interface Found extends Clocked {
  /** Null where there is none. */
  readonly contact: Contact | null
  /** Whether it was surely Callbell that told. */
  readonly isTold: boolean
}

export interface LatestMessages extends Clocked {
  /** Newest first. */
  readonly messages: readonly Message[]
}

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
