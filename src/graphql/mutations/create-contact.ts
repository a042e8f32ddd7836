import type { CreateContactResult } from '../../contacts/create/create-contact.ts'
import { builder } from '../builder.ts'
import { resolveMutation } from '../field-call.ts'
import { BotStatusRef } from '../types/bot.ts'
import { ContactSourceRef, ContactRef } from '../types/contact.ts'
import { CustomFieldInputRef } from '../types/custom-field.ts'
import { userErrorsField } from '../types/user-error.ts'
import { costOfChangedContact, withFieldTypes } from './contact-payload.ts'

const CreateContactInputRef = builder.inputType('CreateContactInput', {
  description:
    'The contact to create. Omit what you do not know: an omitted or null field is not sent to Callbell. Every string is sent unchanged.',
  fields: (t) => ({
    identifier: t.string({
      required: true,
      description:
        'The identifier of the contact on the channel: for WhatsApp, the phone number with country code. At most 255 characters.',
    }),
    source: t.field({ type: ContactSourceRef, required: true, description: 'The channel type.' }),
    name: t.string({ required: true, description: 'The name of the contact. At most 255 characters.' }),
    tags: t.stringList({ description: 'The names of tags, which must exist in the account. At most 500.' }),
    customFields: t.field({
      type: [CustomFieldInputRef],
      description: 'The custom fields to set. Each must exist in the account. At most 500.',
    }),
    assignedUser: t.string({
      description:
        'The e-mail address of the user to assign the contact to. It must be a confirmed user of the account.',
    }),
    teamUuid: t.id({ description: 'The team to assign the contact to.' }),
    channelUuid: t.id({
      description: 'The channel to create the contact on. Default: the main channel of the source.',
    }),
    botStatus: t.field({ type: BotStatusRef, description: 'Whether the bot may talk to the contact.' }),
    note: t.string({ description: 'A note on the contact. At most 1000 characters.' }),
    idempotencyKey: t.string({
      description:
        'Makes the call safe to repeat: with the same key the contact is created once. Generate one for each user action, for example a random UUID, and keep it for every retry. After `UNKNOWN`, repeat the call after `retryAfterMs` if `retryable` is true. The gateway then verifies the outcome, and sends the contact again only when that is safe. A key has 1 to 255 printable characters, and is remembered for a day by default.',
    }),
  }),
})

const CreateContactPayloadRef = builder.objectRef<CreateContactResult>('CreateContactPayload').implement({
  description: 'The created contact, or the problems of the input.',
  fields: (t) => ({
    contact: t.field({
      type: ContactRef,
      description: 'The contact as Callbell created it. Null if there are `userErrors`.',
      extensions: { cost: costOfChangedContact },
      resolve: ({ contact }, _args, context, info) => withFieldTypes(contact, context, info),
    }),
    replayed: t.exposeBoolean('replayed', {
      nullable: false,
      description: 'Whether this is the result of an earlier call with the same `idempotencyKey`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

builder.mutationField('createContact', (t) =>
  t.field({
    type: CreateContactPayloadRef,
    description:
      'Creates one contact. Costs one call to Callbell, and lookups if the outcome is ambiguous. Each lookup takes one call for each form of the phone number. Within one call, the contact is sent again only if it was not sent, or answered 429. If the call fails for a reason outside the input, the field is null. Then `extensions.outcome` of the error says whether the contact was created: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
    args: {
      input: t.arg({ type: CreateContactInputRef, required: true, description: 'The contact to create.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.create(input, init)),
  }),
)
