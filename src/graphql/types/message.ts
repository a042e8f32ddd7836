import type { Message } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { connectionOf } from './connection.ts'

const MessageType = builder.objectRef<Message>('Message').implement({
  description: 'One message of a conversation, or a note that colleagues left in it.',
  fields: (t) => ({
    uuid: t.exposeID('uuid', {
      description: 'Identifies the message. Null for what Callbell itself notes in the conversation.',
    }),
    text: t.exposeString('text', { description: 'What it says; null where it says nothing, as a picture.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
    status: t.exposeString('status', {
      description: 'In Callbell’s own word: `sent` to the contact, `received` from it, or a `note`.',
    }),
    channel: t.exposeString('channel', { description: 'The kind of channel in Callbell’s own word.' }),
    from: t.exposeString('from', { description: 'What the channel knows its sender by.' }),
    to: t.exposeString('to', { description: 'What the channel knows its receiver by.' }),
  }),
})

export const MessageConnection = connectionOf(MessageType, 'messages')
