/** The opaque cursor of `GET /contacts`: a position in the list, valid for the same filters only. */
import { createHash } from 'node:crypto'

/** The position of a contact. The most recent conversation is first. */
export interface ListPosition {
  /** The last activity of the conversation, in milliseconds since the epoch. */
  readonly activeAt: number
  readonly uuid: string
}

/** @returns a negative number if `first` is before `second`, 0 if they are equal */
export function comparePositions(first: ListPosition, second: ListPosition): number {
  if (first.activeAt !== second.activeAt) return second.activeAt - first.activeAt
  return first.uuid < second.uuid ? -1 : Number(first.uuid > second.uuid)
}

/** @param filters the filters of the list, as a string */
export function encodeListCursor({ activeAt, uuid }: ListPosition, filters: string): string {
  const position = `${activeAt} ${uuid}`
  const checksum = createHash('sha256').update(`${position} ${filters}`).digest('hex').slice(0, 16)
  return Buffer.from(`${position} ${checksum}`).toString('base64url')
}

/** @returns undefined if the cursor is invalid, or was created with other filters */
export function decodeListCursor(cursor: string, filters: string): ListPosition | undefined {
  const [activeAt, uuid = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const position = { activeAt: Number(activeAt), uuid }
  return encodeListCursor(position, filters) === cursor ? position : undefined
}
