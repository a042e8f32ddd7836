import type { CallbellClient } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { MutationResult } from '../rules/mutation-result.ts'
import { tryMutation, problemsOfUuid } from '../rules/mutation-result.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import { idempotentPolicy } from '../attempts/policies.ts'

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
  context: CallContext,
): Promise<MutationResult<string>> {
  return tryMutation(problemsOfUuid(uuid), () =>
    attempts(idempotentPolicy, context, async (attempt, mayBeApplied) => {
      try {
        await callbell.deleteContact(uuid, attempt)
      } catch (error) {
        const isGone =
          error instanceof CallbellError && error.code === 'CALLBELL_REJECTED' && error.status === 404
        if (!(mayBeApplied && isGone)) throw error
      }
      return uuid
    }),
  )
}
