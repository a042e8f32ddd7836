/** What a contact's conversation holds: fields of the contact that cost calls of their own. */
import { BotType } from './bot.ts'
import { builder } from '../builder.ts'
import { costOfConnection, pageArguments } from './connection.ts'
import { ContactType } from './contact.ts'
import { resolveQuery } from '../field-call.ts'
import { MessageConnection } from './message.ts'

builder.objectFields(ContactType, (t) => ({
  messages: t.field({
    type: MessageConnection,
    nullable: false,
    description:
      'The messages of its conversation, newest first. Costs one call to Callbell for each 20 that are asked for, and for each contact that it is selected on. When one of the calls fails, the field does, and the contact with it: ask for them apart if the contact is to stand.',
    args: pageArguments(t.arg),
    extensions: { cost: costOfConnection },
    resolve: ({ uuid }, step, context, info) =>
      resolveQuery(context, info, (init) => context.contacts.messages(uuid, step, init)),
  }),
  bot: t.field({
    type: BotType,
    description:
      'The bot of its conversation; null where there is none. Costs one call to Callbell for each contact that it is selected on.',
    extensions: { cost: () => ({ calls: 1 }) },
    resolve: ({ uuid }, _args, context, info) =>
      resolveQuery(context, info, (init) => context.contacts.bot(uuid, init)),
  }),
}))
