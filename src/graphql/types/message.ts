import type { Message } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { connectionOf } from './connection.ts'

export const MessageRef = builder.objectRef<Message>('Message').implement({
  description: 'A message of a conversation, or a note that a colleague added to it.',
  fields: (t) => ({
    uuid: t.exposeID('uuid', {
      description: 'The id of the message. Null for entries that Callbell itself adds to a conversation.',
    }),
    text: t.exposeString('text', {
      description: 'The text of the message. Null if it has none, for example if it is a picture.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the message was written.' }),
    status: t.exposeString('status', {
      description:
        'The kind of message as Callbell spells it: `sent` to the contact, `received` from it, or `note`.',
    }),
    channel: t.exposeString('channel', { description: 'The channel type as Callbell spells it.' }),
    from: t.exposeString('from', { description: 'The identifier of the sender on the channel.' }),
    to: t.exposeString('to', { description: 'The identifier of the receiver on the channel.' }),
  }),
})

export const MessageConnectionRef = connectionOf(MessageRef, 'message')
