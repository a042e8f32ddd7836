import type { Bot } from '../../domain/contact.ts'
import { accountData } from '../account-data.ts'
import { builder } from '../builder.ts'

export const BotStatusRef = builder.enumType('BotStatus', {
  description: 'Starts or ends the bot of a conversation.',
  values: {
    START: { value: 'start', description: 'Lets the bot answer the contact.' },
    END: { value: 'end', description: 'Ends the bot’s conversation, or keeps the bot from starting one.' },
  } as const,
})

export const BotRef = builder.objectRef<Bot>('ContactBot').implement({
  extensions: accountData,
  description:
    'The bot of one contact’s conversation. It belongs to its contact: other contacts may have the same bot in another state.',
  fields: (t) => ({
    botUuid: t.exposeID('uuid', {
      nullable: false,
      description: 'The id of the bot in the account. It does not identify this object: do not cache by it.',
    }),
    name: t.exposeString('name', { description: 'The name of the bot in the account.' }),
    status: t.exposeString('status', {
      description:
        'The state of the bot for this contact, as Callbell spells it: `started`, `in_progress` or `ended`.',
    }),
    conversationStartedAt: t.expose('conversationStartedAt', {
      type: 'DateTime',
      description: 'When the bot started to talk to the contact.',
    }),
    version: t.exposeInt('version', { description: 'The version of the bot.' }),
    isLatestVersion: t.exposeBoolean('isLatestVersion', {
      description: 'Whether the account has no newer version of the bot.',
    }),
  }),
})
