import type { Channel } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const ChannelRef = builder.objectRef<Channel>('Channel').implement({
  description: 'A connected inbox, for example one WhatsApp number.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Equal to `uuid`. Client caches normalize by it.',
      resolve: (channel) => channel.uuid,
    }),
    uuid: t.exposeID('uuid', { nullable: false, description: 'The id of the channel in Callbell.' }),
    title: t.exposeString('title', { description: 'The name of the channel in the account.' }),
    type: t.exposeString('type', {
      description:
        'The channel type as Callbell spells it, for example `whatsapp`. Callbell publishes no list of them.',
    }),
    main: t.exposeBoolean('main', { description: 'Whether it is the main channel of its type.' }),
    discardedAt: t.expose('discardedAt', {
      type: 'DateTime',
      description: 'When the channel was removed from the account. Null while it is in use.',
    }),
  }),
})
