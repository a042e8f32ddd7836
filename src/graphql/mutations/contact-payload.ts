import type { MutationResult } from '../../contacts/change/mutation-result.ts'
import type { Contact } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { ContactRef } from '../types/contact.ts'
import { userErrorsField } from '../types/user-error.ts'

/**
 * Adds the payload of a mutation that changes an existing contact to the schema.
 *
 * @param name of the payload's type
 */
export function contactPayload(name: string) {
  return builder.objectRef<MutationResult<Contact>>(name).implement({
    description: 'The changed contact, or the problems of the input.',
    fields: (t) => ({
      contact: t.expose('result', {
        type: ContactRef,
        description: 'The contact after the change. Null if there are `userErrors`.',
      }),
      userErrors: t.field(userErrorsField),
    }),
  })
}
