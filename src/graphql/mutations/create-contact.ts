import type { CreateContactResult } from '../../contacts/create/create-contact.ts'
import type { CreationProblem } from '../../contacts/create/create-once.ts'
import { BotStatus } from '../types/bot-status.ts'
import { builder } from '../builder.ts'
import { ContactSource } from '../types/contact-source.ts'
import { ContactType } from '../types/contact.ts'
import { CustomFieldInput } from '../types/custom-field.ts'
import { resolveMutation } from '../field-call.ts'
import type { UserErrorShape } from '../types/user-error.ts'
import { UserError } from '../types/user-error.ts'

const CreateContactInput = builder.inputType('CreateContactInput', {
  description:
    'The contact to be created. Leave out what you do not know: an option left out, or null, is not sent at all. Every text is sent exactly as it is given.',
  fields: (t) => ({
    identifier: t.string({
      required: true,
      description:
        'What the source knows the contact by: for WhatsApp the phone number with country code. At most 255 characters.',
    }),
    source: t.field({ type: ContactSource, required: true, description: 'The kind of channel.' }),
    name: t.string({ required: true, description: 'The contact’s name. At most 255 characters.' }),
    tags: t.stringList({ description: 'Names of tags, which must exist in the account. At most 500.' }),
    customFields: t.field({
      type: [CustomFieldInput],
      description: 'Custom fields to set, each of which must exist in the account. At most 500.',
    }),
    assignedUser: t.string({
      description: 'E-mail address of the user to assign the contact to: a confirmed user of the account.',
    }),
    teamUuid: t.id({ description: 'The team to give the contact to.' }),
    channelUuid: t.id({
      description: 'The channel to create it on. Default: the main channel of the source.',
    }),
    botStatus: t.field({ type: BotStatus, description: 'Whether the bot may talk to the contact.' }),
    note: t.string({ description: 'A note on the contact. At most 1000 characters.' }),
    idempotencyKey: t.string({
      description:
        'Names this create: 1 to 255 printable characters, made once for what the user does (a random UUID) and kept for every repetition of it. Repeated with the same key, it is the same create: the contact exists once. After `UNKNOWN`, repeat it after `retryAfterMs`: the outcome is verified, and the contact is sent again only once that is safe. By default a key is remembered for a day.',
    }),
  }),
})

const CreateContactErrorCode = builder.enumType('CreateContactErrorCode', {
  description: 'The kinds of things that can be wrong with a contact to be created.',
  values: {
    BLANK: { description: 'A text that must say something is empty or only white space.' },
    TOO_LONG: { description: 'A string has too many characters, or a list has over 500 items.' },
    INVALID: { description: 'A value that is certain to be refused. Nothing was sent to Callbell.' },
    REJECTED: { description: 'Callbell refused it; the message is Callbell’s own.' },
  } as const,
})

interface CreateContactUserErrorShape extends UserErrorShape {
  readonly code: CreationProblem['code']
}

const CreateContactUserError = builder
  .objectRef<CreateContactUserErrorShape>('CreateContactUserError')
  .implement({
    description: 'Why a contact was not created, and what to fix.',
    interfaces: [UserError],
    fields: (t) => ({
      code: t.expose('code', {
        type: CreateContactErrorCode,
        nullable: false,
        description: 'The kind of problem, for programs.',
      }),
    }),
  })

const CreateContactPayload = builder.objectRef<CreateContactResult>('CreateContactPayload').implement({
  description: 'Either the contact, or what kept it from being created.',
  fields: (t) => ({
    contact: t.expose('contact', {
      type: ContactType,
      description: 'The contact as Callbell created it; null when there are `userErrors`.',
    }),
    replayed: t.exposeBoolean('replayed', {
      nullable: false,
      description: 'Whether this is the result of an earlier call with the same `idempotencyKey`.',
    }),
    userErrors: t.field({
      type: [CreateContactUserError],
      nullable: false,
      description: 'Everything that is wrong with the input, at once. Empty when the contact was created.',
      resolve: ({ problems }) =>
        problems.map(({ path, message, code }) => ({ message, code, field: path && ['input', ...path] })),
    }),
  }),
})

builder.mutationField('createContact', (t) =>
  t.field({
    type: CreateContactPayload,
    description:
      'Creates one contact: one call to Callbell, and lookups where its outcome is not clear (each takes a call for each form of the number). It is sent again only if it was not sent or answered 429. When it fails for a reason outside of the input, the field is null, and the error’s `extensions.outcome` says whether the contact was created: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
    args: {
      input: t.arg({ type: CreateContactInput, required: true, description: 'The contact to be created.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.create(input, init)),
  }),
)
