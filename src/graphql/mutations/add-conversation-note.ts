import type { AddNoteResult } from '../../contacts/create/add-note.ts'
import type { CreationProblem } from '../../contacts/create/create-once.ts'
import { builder } from '../builder.ts'
import { resolveMutation } from '../field-call.ts'
import type { UserErrorShape } from '../types/user-error.ts'
import { UserError } from '../types/user-error.ts'

const AddConversationNoteInput = builder.inputType('AddConversationNoteInput', {
  description: 'The note to be added, and to whose conversation.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The contact’s uuid.' }),
    text: t.string({
      required: true,
      description:
        'What the note says, sent exactly as it is given; it may have tabs and line breaks. Callbell documents no limit of its length.',
    }),
    idempotencyKey: t.string({
      description:
        'Names this note: 1 to 255 printable characters, made once for what the user does (a random UUID) and kept for every repetition of it. Repeated with the same key, it is the same note: it is added once. After `UNKNOWN`, repeat it after `retryAfterMs`. By default a key is remembered for a day. It must not be shared with a `createContact`.',
    }),
  }),
})

const AddConversationNoteErrorCode = builder.enumType('AddConversationNoteErrorCode', {
  description: 'The kinds of things that can be wrong with a note to be added.',
  values: {
    BLANK: { description: 'The text or the uuid is empty or only white space.' },
    TOO_LONG: { description: 'The uuid or the idempotency key has over 255 characters.' },
    INVALID: { description: 'A value that is certain to be refused. Nothing was sent to Callbell.' },
    REJECTED: {
      description:
        'Callbell refused it; the message is Callbell’s own. On `["input", "uuid"]`: there is no such contact.',
    },
  } as const,
})

interface AddConversationNoteUserErrorShape extends UserErrorShape {
  readonly code: CreationProblem['code']
}

const AddConversationNoteUserError = builder
  .objectRef<AddConversationNoteUserErrorShape>('AddConversationNoteUserError')
  .implement({
    description: 'Why a note was not added, and what to fix.',
    interfaces: [UserError],
    fields: (t) => ({
      code: t.expose('code', {
        type: AddConversationNoteErrorCode,
        nullable: false,
        description: 'The kind of problem, for programs.',
      }),
    }),
  })

const AddConversationNotePayload = builder.objectRef<AddNoteResult>('AddConversationNotePayload').implement({
  description: 'Whether the note was added, or what kept it from being so.',
  fields: (t) => ({
    success: t.exposeBoolean('isAdded', {
      nullable: false,
      description: 'Whether the note is there; false when there are `userErrors`.',
    }),
    replayed: t.exposeBoolean('replayed', {
      nullable: false,
      description: 'Whether this is the result of an earlier call with the same `idempotencyKey`.',
    }),
    userErrors: t.field({
      type: [AddConversationNoteUserError],
      nullable: false,
      description: 'Everything that is wrong with the input, at once. Empty when the note was added.',
      resolve: ({ problems }) =>
        problems.map(({ path, message, code }) => ({ message, code, field: path && ['input', ...path] })),
    }),
  }),
})

builder.mutationField('addConversationNote', (t) =>
  t.field({
    type: AddConversationNotePayload,
    description:
      'Adds a note to a contact’s conversation, which colleagues see and the contact does not: one call to Callbell, and up to three lookups where its outcome is not clear (one page of the contact’s messages each). It is sent again only if it was not sent or answered 429. Each call adds one more note, unless it repeats an `idempotencyKey`. When it fails for a reason outside of the input, the field is null, and the error’s `extensions.outcome` says whether the note was added: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
    args: {
      input: t.arg({ type: AddConversationNoteInput, required: true, description: 'The note to be added.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.addNote(input, init)),
  }),
)
