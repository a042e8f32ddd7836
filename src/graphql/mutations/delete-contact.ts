import type { MutationResult } from '../../contacts/rules/mutation-result.ts'
import { builder } from '../builder.ts'
import { userErrorsField } from './change-payload.ts'
import { resolveMutation } from '../field-call.ts'

const DeleteContactInput = builder.inputType('DeleteContactInput', {
  description: 'The contact to be deleted.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The contact’s uuid.' }) }),
})

const DeleteContactPayload = builder.objectRef<MutationResult<string>>('DeleteContactPayload').implement({
  description: 'Either the uuid of what is gone, or what kept it from being deleted.',
  fields: (t) => ({
    deletedUuid: t.exposeID('result', {
      description: 'The uuid of the contact that is gone; null when there are `userErrors`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

builder.mutationField('deleteContact', (t) =>
  t.field({
    type: DeleteContactPayload,
    description: 'Deletes a contact, which cannot be undone. Costs one call to Callbell.',
    args: {
      input: t.arg({ type: DeleteContactInput, required: true, description: 'The contact to be deleted.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.delete(input, init)),
  }),
)
