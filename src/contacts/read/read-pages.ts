/** Reads all pages of a short list. */
import type { NumberedPage, Attempt } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { failedRead } from '../attempts/failure.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attemptRead } from '../attempts/attempts.ts'

/** An account has a few teams and channels: this limits a list without an end. */
const maxPages = 50

/**
 * @returns the items of all pages
 * @throws ContactsError if a page can't be read, and `CALLBELL_INVALID_RESPONSE` for a list of more than 50
 *   pages: a list is never truncated
 */
export async function readAllPages<T>(
  list: (page: number, attempt: Attempt) => Promise<NumberedPage<T>>,
  context: CallContext,
): Promise<readonly T[]> {
  const parts: (readonly T[])[] = []
  for (let page = 1; ;) {
    const { items, next, pages } = await attemptRead(context, (attempt) => list(page, attempt))
    const count = Math.max(next ?? 0, pages ?? 0)
    if (count > maxPages) throw failedRead(tooManyPages(count))
    parts.push(items)
    if (next === null || next === undefined) return parts.flat()
    page = next
  }
}

function tooManyPages(count: number): CallbellError {
  const message = `the list has at least ${count.toLocaleString('en-US')} pages; the limit is ${maxPages}`
  return new CallbellError('CALLBELL_INVALID_RESPONSE', message, { progress: 'answered' })
}
