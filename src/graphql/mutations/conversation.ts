/** Closing and opening a conversation, moving it to a funnel, and its bot. */
import type { MutationResult } from '../../contacts/rules/mutation-result.ts'
import type { Bot } from '../../domain/contact.ts'
import { BotStatus } from '../types/bot-status.ts'
import { BotType } from '../types/bot.ts'
import { builder } from '../builder.ts'
import { contactPayload, userErrorsField } from './change-payload.ts'
import { resolveMutation } from '../field-call.ts'

const CloseConversationInput = builder.inputType('CloseConversationInput', {
  description: 'The contact whose conversation is to be closed.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The contact’s uuid.' }) }),
})

builder.mutationField('closeConversation', (t) =>
  t.field({
    type: contactPayload('CloseConversationPayload'),
    description: 'Closes the conversation with a contact. Costs one call to Callbell.',
    args: {
      input: t.arg({ type: CloseConversationInput, required: true, description: 'Whose conversation.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.closeConversation(input, init)),
  }),
)

const OpenConversationInput = builder.inputType('OpenConversationInput', {
  description: 'The contact whose conversation is to be opened again.',
  fields: (t) => ({ uuid: t.id({ required: true, description: 'The contact’s uuid.' }) }),
})

builder.mutationField('openConversation', (t) =>
  t.field({
    type: contactPayload('OpenConversationPayload'),
    description: 'Opens the conversation with a contact again. Costs one call to Callbell.',
    args: {
      input: t.arg({ type: OpenConversationInput, required: true, description: 'Whose conversation.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.openConversation(input, init)),
  }),
)

const MoveToFunnelInput = builder.inputType('MoveToFunnelInput', {
  description: 'The contact that is to be moved, and where to.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The contact’s uuid.' }),
    funnelUuid: t.id({ required: true, description: 'The sales funnel’s uuid.' }),
  }),
})

builder.mutationField('moveToFunnel', (t) =>
  t.field({
    type: contactPayload('MoveToFunnelPayload'),
    description: 'Moves a contact to a sales funnel. Costs one call to Callbell.',
    args: {
      input: t.arg({ type: MoveToFunnelInput, required: true, description: 'Who is moved, and where to.' }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.moveToFunnel(input, init)),
  }),
)

const SetBotStatusInput = builder.inputType('SetBotStatusInput', {
  description: 'The contact whose bot is meant, and what it is to do.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The contact’s uuid.' }),
    status: t.field({ type: BotStatus, required: true, description: 'What the bot is to do.' }),
  }),
})

const SetBotStatusPayload = builder.objectRef<MutationResult<Bot>>('SetBotStatusPayload').implement({
  description: 'Either the bot as it is now, or what kept it from being started or ended.',
  fields: (t) => ({
    bot: t.expose('result', {
      type: BotType,
      description: 'The bot after the change; null when there are `userErrors`.',
    }),
    userErrors: t.field(userErrorsField),
  }),
})

builder.mutationField('setBotStatus', (t) =>
  t.field({
    type: SetBotStatusPayload,
    description:
      'Starts or ends the bot of a conversation. Costs one call to Callbell. Starting a bot twice may greet the contact twice: so it is not retried where Callbell may have carried it out, and the outcome is `UNKNOWN`.',
    args: {
      input: t.arg({
        type: SetBotStatusInput,
        required: true,
        description: 'Whose bot, and what it is to do.',
      }),
    },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.setBotStatus(input, init)),
  }),
)
