import type { AddNoteResult } from '../../contacts/create/add-note.ts'
import { builder } from '../builder.ts'
import { resolveMutation } from '../field-call.ts'
import { userErrorsField } from '../types/user-error.ts'

const AddConversationNoteInputRef = builder.inputType('AddConversationNoteInput', {
  description: 'The note to add, and the contact of the conversation.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }),
    text: t.string({
      required: true,
      description:
        'The text of the note, sent unchanged. It may have tabs and line breaks. Callbell documents no limit of its length.',
    }),
    idempotencyKey: t.string({
      description:
        'Makes the call safe to repeat: with the same key the note is added once. Generate one for each user action, for example a random UUID, and keep it for every retry. After `UNKNOWN`, repeat the call after `retryAfterMs` if `retryable` is true. A key has 1 to 255 printable characters, and is remembered for a day by default. Do not use the key of a `createContact`.',
    }),
  }),
})

const AddConversationNotePayloadRef = builder
  .objectRef<AddNoteResult>('AddConversationNotePayload')
  .implement({
    description: 'Whether the note was added, or the problems of the input.',
    fields: (t) => ({
      success: t.exposeBoolean('isAdded', {
        nullable: false,
        description: 'Whether the note was added. False if there are `userErrors`.',
      }),
      replayed: t.exposeBoolean('replayed', {
        nullable: false,
        description: 'Whether this is the result of an earlier call with the same `idempotencyKey`.',
      }),
      userErrors: t.field(userErrorsField),
    }),
  })

builder.mutationField('addConversationNote', (t) =>
  t.field({
    type: AddConversationNotePayloadRef,
    description:
      'Adds a note to a contact’s conversation, which colleagues see and the contact does not. Costs one call to Callbell, and up to three lookups if the outcome is ambiguous. Each lookup takes one call, which reads a page of messages. Within one call, the note is sent again only if it was not sent, or answered 429. Each call adds one more note, unless it repeats an `idempotencyKey`. If the call fails for a reason outside the input, the field is null. Then `extensions.outcome` of the error says whether the note was added: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
    args: {
      input: t.arg({ type: AddConversationNoteInputRef, required: true, description: 'The note to add.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.addNote(input, init)),
  }),
)
