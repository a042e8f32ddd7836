import type { AddNoteResult } from '../../contacts/create/add-note.ts'
import type { NewNote } from '../../contacts/create/note-creation.ts'
import type { CallInit } from '../../domain/call-context.ts'
import type { Message } from '../../domain/contact.ts'
import type { GatewayContext } from '../builder.ts'
import { builder } from '../builder.ts'
import { resolveMutation, resolveQuery } from '../field-call.ts'
import { MessageRef } from '../types/message.ts'
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

interface NoteResult extends AddNoteResult {
  readonly note: NewNote
}

const AddConversationNotePayloadRef = builder.objectRef<NoteResult>('AddConversationNotePayload').implement({
  description: 'Whether the note was added, or the problems of the input.',
  fields: (t) => ({
    success: t.exposeBoolean('isAdded', {
      nullable: false,
      description: 'Whether the note was added. False if there are `userErrors`.',
    }),
    message: t.field({
      type: MessageRef,
      description:
        'The note as a message of the conversation: the newest note with this text. This costs one call to Callbell, which does not return it. Null if there are `userErrors`, or if it is not among the 20 newest messages.',
      extensions: { cost: () => ({ calls: 1 }) },
      resolve: ({ isAdded, note }, _args, context, info) =>
        isAdded ? resolveQuery(context, info, (init) => findNote(context, note, init)) : null,
    }),
    replayed: t.exposeBoolean('replayed', {
      nullable: false,
      description: 'Whether this is the result of an earlier call with the same `idempotencyKey`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

async function findNote(
  { contacts }: GatewayContext,
  { uuid, text }: NewNote,
  init: CallInit,
): Promise<Message | null> {
  const { edges } = await contacts.messages(uuid, { first: 20 }, init)
  const found = edges.find(({ node }) => node.status === 'note' && node.text === text)
  return found?.node ?? null
}

builder.mutationField('addConversationNote', (t) =>
  t.field({
    type: AddConversationNotePayloadRef,
    description:
      'Adds a note to a contact’s conversation, which colleagues see and the contact does not. Costs one call to Callbell, and up to three lookups if the outcome is ambiguous. Each lookup takes one call, which reads a page of messages. Within one call, the note is sent again only if it was not sent, or answered 429. Each call adds one more note, unless it repeats an `idempotencyKey`. If the call fails for a reason outside the input, the field is null. Then `extensions.outcome` of the error says whether the note was added: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
    args: {
      input: t.arg({ type: AddConversationNoteInputRef, required: true, description: 'The note to add.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, async (init) => ({
        ...(await context.contacts.addNote(input, init)),
        note: input,
      })),
  }),
)
