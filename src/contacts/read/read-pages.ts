/** Lists that are short and wanted whole, page by page. */
import type { NumberedPage, Attempt } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import { failedRead } from '../attempts/failure.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attemptRead } from '../attempts/attempts.ts'

/** An account has a handful of teams and inboxes: this is a bound against an answer that has no end. */
const mostPages = 50

/**
 * @returns the things of all pages; if one of them can't be read, none
 * @throws ContactsFailure `CALLBELL_INVALID_RESPONSE` for a list of more than 50 pages: it is never cut
 */
export async function readAllPages<T>(
  list: (page: number, attempt: Attempt) => Promise<NumberedPage<T>>,
  context: CallContext,
): Promise<readonly T[]> {
  const parts: (readonly T[])[] = []
  for (let page = 1; ;) {
    const { items, next, pages } = await attemptRead(context, (attempt) => list(page, attempt))
    const count = Math.max(next ?? 0, pages ?? 0)
    if (count > mostPages) throw failedRead(tooManyPages(count))
    parts.push(items)
    if (next === null || next === undefined) return parts.flat()
    page = next
  }
}

function tooManyPages(count: number): CallbellError {
  const message = `the list has at least ${count.toLocaleString('en-US')} pages; the limit is ${mostPages}`
  return new CallbellError('CALLBELL_INVALID_RESPONSE', message, { progress: 'answered' })
}
