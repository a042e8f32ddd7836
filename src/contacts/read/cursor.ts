/** Cursors: a place in one list, as opaque text that needs no memory, and so outlives the process. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isLongerThan } from '../../domain/code-points.ts'
import { parseJson } from '../../callbell/codec/json.ts'
import { badArgument } from '../rules/argument.ts'

/** Where a list goes on. */
export interface Position<Page> {
  /** The page of Callbell's to go on with. */
  readonly page: Page
  /** What comes before: where it is on that page, the list goes on after it. Null where it has no id. */
  readonly id: string | null
  /** How many things of that page to pass by where it is not. */
  readonly place: number
}

/** In code points, as all that names one thing. */
const longestId = 255

const envelope = z.strictObject({
  list: z.string(),
  page: z.unknown(),
  id: z
    .string()
    .refine((id) => !isLongerThan(id, longestId))
    .nullable(),
  place: z.int().min(0).max(1000),
})

const malformed = '`after` is not a valid cursor. Pass an `endCursor` back unchanged.'

/** @param digest `digestOf` the list */
export function encodeCursor<Page>({ page, id, place }: Position<Page>, digest: string): string {
  return Buffer.from(JSON.stringify({ list: digest, page, id, place })).toString('base64url')
}

/**
 * @param digest `digestOf` the list
 * @param pageForm what a page of this list looks like
 * @throws ContactsFailure `BAD_USER_INPUT` where it is no cursor, or one of another list
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
  return { ...opened.data, page: page.data }
}

/** @returns how many things of its page a cursor passes by; 0 for none, and for what is no cursor */
export function placeOf(cursor: string | null | undefined): number {
  const opened = envelope.safeParse(cursor ? open(cursor) : undefined)
  return opened.success ? opened.data.place : 0
}

function open(cursor: string): unknown {
  return parseJson(Buffer.from(cursor, 'base64url').toString())
}

/**
 * Names a list in its cursors. Long enough to notice a mistake: a cursor is no secret, and a forged one
 * gives access to nothing. A list has one digest for all its cursors, since its filter may be long.
 *
 * @param list whatever distinguishes it from all others, as text
 */
export function digestOf(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 12)
}
