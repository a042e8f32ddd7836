import type { Bot } from '../contact.ts'
import { builder } from './builder.ts'

export const BotType = builder.objectRef<Bot>('Bot').implement({
  description: 'The bot of a contact’s conversation.',
  fields: (t) => ({
    uuid: t.exposeID('uuid', { nullable: false, description: 'Identifies the bot in Callbell.' }),
    name: t.exposeString('name', { description: 'The bot’s name.' }),
    status: t.exposeString('status', {
      description: 'In Callbell’s own word: `in_progress`, `started` or `ended`.',
    }),
    conversationStartedAt: t.expose('conversationStartedAt', {
      type: 'DateTime',
      description: 'When it began to talk to the contact.',
    }),
    version: t.exposeInt('version', { description: 'The version of the bot that is talking.' }),
    isLatestVersion: t.exposeBoolean('isLatestVersion', { description: 'Whether there is no newer one.' }),
  }),
})
