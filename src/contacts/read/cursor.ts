/** Cursors: a position in one list as an opaque string. It needs no state, so it outlives the process. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isLongerThan } from '../../domain/code-points.ts'
import { parseJson } from '../../domain/json.ts'
import { badArgument } from '../rules/argument.ts'

/** Where a list continues. */
export interface Position<Page> {
  /** Callbell's page to continue with. */
  readonly page: Page
  /** The id of the previous item. If that page has it, the list continues after it. Null if it has no id. */
  readonly id: string | null
  /** How many items of that page to skip if it does not have it. */
  readonly skip: number
}

/** In code points, as for every identifier. */
const maxIdLength = 255

/** Cursors of earlier versions stay valid, so that these names are kept. */
const envelope = z.strictObject({
  list: z.string(),
  page: z.unknown(),
  id: z
    .string()
    .refine((id) => !isLongerThan(id, maxIdLength))
    .nullable(),
  place: z.int().min(0).max(1000),
})

const malformed = '`after` is not a valid cursor. Pass an `endCursor` back unchanged.'

/** @param digest `digestOf` the list */
export function encodeCursor<Page>({ page, id, skip }: Position<Page>, digest: string): string {
  return Buffer.from(JSON.stringify({ list: digest, page, id, place: skip })).toString('base64url')
}

/**
 * @param digest `digestOf` the list
 * @param pageForm the form of a page of this list
 * @throws ContactsError `BAD_USER_INPUT` if it is not a valid cursor, or belongs to another list
 */
export function decodeCursor<Page>(
  cursor: string,
  digest: string,
  pageForm: z.ZodType<Page>,
): Position<Page> {
  const opened = envelope.safeParse(open(cursor))
  if (!opened.success) throw badArgument(malformed)
  if (opened.data.list !== digest) {
    throw badArgument(
      '`after` belongs to a different list. Use it with the same filter or contact that it was returned for.',
    )
  }
  const page = pageForm.safeParse(opened.data.page)
  if (!page.success) throw badArgument(malformed)
  const { id, place: skip } = opened.data
  return { page: page.data, id, skip }
}

/** @returns how many items of its page a cursor skips; 0 without a valid cursor */
export function skipOf(cursor: string | null | undefined): number {
  const opened = envelope.safeParse(cursor ? open(cursor) : undefined)
  return opened.success ? opened.data.place : 0
}

function open(cursor: string): unknown {
  return parseJson(Buffer.from(cursor, 'base64url').toString())
}

/**
 * Identifies a list in its cursors. Long enough to detect a mistake: a cursor is not a secret, and a forged one
 * gives access to nothing. The list is digested once for all its cursors, as its filter may be long.
 *
 * @param list a string that distinguishes it from all other lists
 */
export function digestOf(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 12)
}
