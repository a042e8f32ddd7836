/** Closing and opening a conversation, moving it to a funnel, and its bot. */
import type { MutationResult } from '../../contacts/change/mutation-result.ts'
import type { Bot } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { resolveMutation, resolveQuery } from '../field-call.ts'
import { BotStatusRef, BotRef } from '../types/bot.ts'
import { ContactRef } from '../types/contact.ts'
import { selectsFieldTypes } from '../types/custom-field.ts'
import { userErrorsField } from '../types/user-error.ts'
import { contactPayload } from './contact-payload.ts'

const CloseConversationInputRef = builder.inputType('CloseConversationInput', {
  description: 'The contact whose conversation to close.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }) }),
})

builder.mutationField('closeConversation', (t) =>
  t.field({
    type: contactPayload('CloseConversationPayload'),
    description: 'Closes the conversation with a contact. Costs one call to Callbell.',
    args: {
      input: t.arg({
        type: CloseConversationInputRef,
        required: true,
        description: 'The contact of the conversation.',
      }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.closeConversation(input, init)),
  }),
)

const OpenConversationInputRef = builder.inputType('OpenConversationInput', {
  description: 'The contact whose conversation to reopen.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }) }),
})

builder.mutationField('openConversation', (t) =>
  t.field({
    type: contactPayload('OpenConversationPayload'),
    description: 'Reopens the conversation with a contact. Costs one call to Callbell.',
    args: {
      input: t.arg({
        type: OpenConversationInputRef,
        required: true,
        description: 'The contact of the conversation.',
      }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.openConversation(input, init)),
  }),
)

const MoveToFunnelInputRef = builder.inputType('MoveToFunnelInput', {
  description: 'The contact to move, and its new funnel.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }),
    funnelUuid: t.id({ required: true, description: 'The `uuid` of the sales funnel.' }),
  }),
})

builder.mutationField('moveToFunnel', (t) =>
  t.field({
    type: contactPayload('MoveToFunnelPayload'),
    description: 'Moves a contact to a sales funnel. Costs one call to Callbell.',
    args: {
      input: t.arg({
        type: MoveToFunnelInputRef,
        required: true,
        description: 'The contact to move, and its new funnel.',
      }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.moveToFunnel(input, init)),
  }),
)

const SetBotStatusInputRef = builder.inputType('SetBotStatusInput', {
  description: 'The contact of the conversation, and the new status of its bot.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }),
    status: t.field({
      type: BotStatusRef,
      required: true,
      description: 'Whether to start or to end the bot.',
    }),
  }),
})

interface SetBotStatusResult extends MutationResult<Bot> {
  /** Of the contact. */
  readonly uuid: string
}

const SetBotStatusPayloadRef = builder.objectRef<SetBotStatusResult>('SetBotStatusPayload').implement({
  description: 'The contact and its changed bot, or the problems of the input.',
  fields: (t) => ({
    contact: t.field({
      type: ContactRef,
      description:
        'The contact, read after the change: this costs one call to Callbell. Null if there are `userErrors`.',
      extensions: { cost: () => ({ calls: 1 }) },
      resolve: ({ result, uuid }, _args, context, info) =>
        result &&
        resolveQuery(context, info, (init) => context.contacts.find(uuid, init, selectsFieldTypes(info))),
    }),
    bot: t.expose('result', {
      type: BotRef,
      description: 'The bot after the change. Null if there are `userErrors`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

builder.mutationField('setBotStatus', (t) =>
  t.field({
    type: SetBotStatusPayloadRef,
    description:
      'Starts or ends the bot of a conversation. Costs one call to Callbell. A bot that is started twice may greet the contact twice. So a start that Callbell may have carried out is not retried, and its outcome is `UNKNOWN`.',
    args: {
      input: t.arg({
        type: SetBotStatusInputRef,
        required: true,
        description: 'The contact of the conversation, and the new status of its bot.',
      }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, async (init) => ({
        ...(await context.contacts.setBotStatus(input, init)),
        uuid: input.uuid,
      })),
  }),
)
