import type { CallbellClient } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { Changed } from './change.ts'
import { changed, problemsOfUuid } from './change.ts'
import type { Repeating } from './repeat.ts'
import { repeat } from './repeat.ts'

/**
 * Deletes a contact. One that Callbell itself says is gone, after an ambiguous attempt, has been deleted
 * by it.
 *
 * @returns its uuid
 * @throws ContactsFailure
 */
export function deleteContact(
  callbell: CallbellClient,
  { uuid }: { readonly uuid: string },
  repeating: Repeating,
): Promise<Changed<string>> {
  return changed(problemsOfUuid(uuid), () =>
    repeat(repeating, async (times, mayBeDone) => {
      try {
        await callbell.deleteContact(uuid, times)
      } catch (error) {
        const isGone =
          error instanceof CallbellError && error.code === 'CALLBELL_REJECTED' && error.status === 404
        if (!(mayBeDone && isGone)) throw error
      }
      return uuid
    }),
  )
}
