/** The opaque cursor of `GET /contacts`: a position in the list, tied to the filters that it was made with. */
import { createHash } from 'node:crypto'

/** Where a contact stands: newest conversation first. */
export interface Position {
  /** When something last happened in the conversation, in milliseconds since the epoch. */
  readonly activeAt: number
  readonly uuid: string
}

/** @returns less than 0 where the first comes before the second, 0 where they are the same */
export function comparePositions(first: Position, second: Position): number {
  if (first.activeAt !== second.activeAt) return second.activeAt - first.activeAt
  return first.uuid < second.uuid ? -1 : Number(first.uuid > second.uuid)
}

/** @param filters whatever tells one list of contacts from another, as text */
export function encodeCursor({ activeAt, uuid }: Position, filters: string): string {
  const place = `${activeAt} ${uuid}`
  const seal = createHash('sha256').update(`${place} ${filters}`).digest('hex').slice(0, 16)
  return Buffer.from(`${place} ${seal}`).toString('base64url')
}

/** @returns undefined where it is no cursor, or one that was made with other filters */
export function decodeCursor(cursor: string, filters: string): Position | undefined {
  const [activeAt, uuid = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const position = { activeAt: Number(activeAt), uuid }
  return encodeCursor(position, filters) === cursor ? position : undefined
}
