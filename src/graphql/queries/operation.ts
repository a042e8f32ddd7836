import type { KeyedCallState } from '../../contacts/create/idempotency.ts'
import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import { ContactRef } from '../types/contact.ts'
import { selectsFieldTypes } from '../types/custom-field.ts'

const KeyedOperationStateRef = builder.enumType('KeyedOperationState', {
  description: 'What is known of a call with an `idempotencyKey`.',
  values: {
    IN_FLIGHT: { description: 'The call is running.' },
    APPLIED: { description: 'The contact or the note was created.' },
    UNKNOWN: {
      description:
        'It may or may not have been created. Repeat the call with its key: the gateway then verifies the outcome.',
    },
  } as const satisfies Record<KeyedCallState['state'], { readonly description: string }>,
})

const KeyedOperationRef = builder.objectRef<KeyedCallState>('KeyedOperation').implement({
  description: 'What the gateway has stored of a create or note with an `idempotencyKey`.',
  fields: (t) => ({
    state: t.expose('state', {
      type: KeyedOperationStateRef,
      nullable: false,
      description: 'What is known of the outcome.',
    }),
    contactUuid: t.exposeID('contactUuid', {
      description:
        'The `uuid` of the contact that `createContact` created. Null for a note, and while the outcome is not known.',
    }),
    contact: t.field({
      type: ContactRef,
      description:
        'The contact with this `contactUuid`, as it is now. Null if it was deleted. Costs one call to Callbell.',
      extensions: { cost: () => ({ calls: 1 }) },
      resolve: ({ contactUuid }, _args, context, info) =>
        contactUuid === null
          ? null
          : resolveQuery(context, info, (init) =>
              context.contacts.find(contactUuid, init, selectsFieldTypes(info)),
            ),
    }),
  }),
})

builder.queryField('operation', (t) =>
  t.field({
    type: KeyedOperationRef,
    description:
      'The outcome of a `createContact` or `addConversationNote` of the same caller, by its key alone. It sends nothing to Callbell. Null if nothing is stored of the key: then it was not used, its call was not applied, or its record has expired. So null does not prove that nothing was created.',
    args: {
      idempotencyKey: t.arg.string({ required: true, description: 'The key of the call.' }),
    },
    extensions: { cost: () => ({ calls: 0 }) },
    resolve: (_root, { idempotencyKey }, context, info) =>
      resolveQuery(context, info, (init) => context.contacts.findKeyed(idempotencyKey, init)),
  }),
)
