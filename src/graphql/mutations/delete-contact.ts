import type { MutationResult } from '../../contacts/change/mutation-result.ts'
import { builder } from '../builder.ts'
import { resolveMutation } from '../field-call.ts'
import { userErrorsField } from '../types/user-error.ts'

const DeleteContactInputRef = builder.inputType('DeleteContactInput', {
  description: 'The contact to delete.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }) }),
})

const DeleteContactPayloadRef = builder.objectRef<MutationResult<string>>('DeleteContactPayload').implement({
  description: 'The `uuid` of the deleted contact, or the problems of the input.',
  fields: (t) => ({
    deletedUuid: t.exposeID('result', {
      description: 'The `uuid` of the deleted contact. Null if there are `userErrors`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

builder.mutationField('deleteContact', (t) =>
  t.field({
    type: DeleteContactPayloadRef,
    description: 'Deletes a contact. This cannot be undone. Costs one call to Callbell.',
    args: {
      input: t.arg({ type: DeleteContactInputRef, required: true, description: 'The contact to delete.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.delete(input, init)),
  }),
)
