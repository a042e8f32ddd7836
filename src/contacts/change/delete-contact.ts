/** Deletes a contact. */
import type { CallbellClient } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { MutationResult } from './mutation-result.ts'
import { tryMutation } from './mutation-result.ts'
import { problemsOfUuid } from '../rules/input-rules.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import { idempotentPolicy } from '../attempts/policies.ts'

/**
 * Deletes a contact. If Callbell says after an ambiguous attempt that the contact is gone, the attempt has
 * deleted it.
 *
 * @returns its uuid
 * @throws ContactsError
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
