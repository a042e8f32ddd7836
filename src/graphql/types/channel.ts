import type { Channel } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const ChannelType = builder.objectRef<Channel>('Channel').implement({
  description: 'A connected inbox, for example one WhatsApp number.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'The same as `uuid`: what client caches normalise by.',
      resolve: (channel) => channel.uuid,
    }),
    uuid: t.exposeID('uuid', { nullable: false, description: 'Identifies the channel.' }),
    title: t.exposeString('title', { description: 'What the account calls it.' }),
    type: t.exposeString('type', {
      description: 'Its kind in Callbell’s own word, for example `whatsapp`. There is no published list.',
    }),
    main: t.exposeBoolean('main', { description: 'Whether it is the main channel of its kind.' }),
    discardedAt: t.expose('discardedAt', {
      type: 'DateTime',
      description: 'When it was removed from the account; null while it is in use.',
    }),
  }),
})
