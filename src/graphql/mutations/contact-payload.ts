import type { GraphQLResolveInfo } from 'graphql'
import type { MutationResult } from '../../contacts/change/mutation-result.ts'
import type { Contact } from '../../domain/contact.ts'
import type { GatewayContext } from '../builder.ts'
import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import type { FieldCost } from '../field-cost.ts'
import { ContactRef } from '../types/contact.ts'
import { CustomFieldRef, selectsFieldTypes, typedFields } from '../types/custom-field.ts'
import { userErrorsField } from '../types/user-error.ts'

/** One call if types or options of custom fields are selected: answers to changes do not have them. */
export const costOfChangedContact: FieldCost = (_args, selects) => ({
  calls: selects(CustomFieldRef.name, typedFields) ? 1 : 0,
})

/**
 * Adds the types and options of custom fields to the contact of a mutation's result, if they are selected.
 *
 * @returns the contact without them if they cannot be read: the change was made, and its result must not be lost
 */
export async function withFieldTypes(
  contact: Contact | null,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<Contact | null> {
  if (contact === null || !selectsFieldTypes(info)) return contact
  const read = await resolveQuery(context, info, (init) =>
    context.contacts.find(contact.uuid, init, true),
  ).catch(() => null)
  const typed = new Map(read?.customFields.map((field) => [field.name, field]))
  return {
    ...contact,
    customFields: contact.customFields.map((field) => {
      const { type = null, options = null } = typed.get(field.name) ?? {}
      return { ...field, type, options }
    }),
  }
}

/**
 * Adds the payload of a mutation that changes an existing contact to the schema.
 *
 * @param name of the payload's type
 */
export function contactPayload(name: string) {
  return builder.objectRef<MutationResult<Contact>>(name).implement({
    description: 'The changed contact, or the problems of the input.',
    fields: (t) => ({
      contact: t.field({
        type: ContactRef,
        description:
          'The contact after the change. Null if there are `userErrors`, except after a `CONFLICT`: then it is the present contact, unchanged.',
        extensions: { cost: costOfChangedContact },
        resolve: ({ result }, _args, context, info) => withFieldTypes(result, context, info),
      }),
      userErrors: t.field(userErrorsField),
    }),
  })
}
