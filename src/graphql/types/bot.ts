import type { Bot } from '../../domain/contact.ts'
import { accountData } from '../account-data.ts'
import { builder } from '../builder.ts'

export const BotType = builder.objectRef<Bot>('Bot').implement({
  extensions: accountData,
  description: 'The bot of a contact’s conversation.',
  fields: (t) => ({
    uuid: t.exposeID('uuid', { nullable: false, description: 'Identifies the bot.' }),
    name: t.exposeString('name', { description: 'What the account calls it.' }),
    status: t.exposeString('status', {
      description:
        'How far it is with this contact, in Callbell’s own word: `started`, `in_progress`, `ended`.',
    }),
    conversationStartedAt: t.expose('conversationStartedAt', {
      type: 'DateTime',
      description: 'When it began to talk to the contact.',
    }),
    version: t.exposeInt('version', { description: 'Which version of the bot it is.' }),
    isLatestVersion: t.exposeBoolean('isLatestVersion', {
      description: 'Whether the account has no newer version of it.',
    }),
  }),
})
