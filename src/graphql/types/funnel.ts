import type { Funnel } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const FunnelRef = builder.objectRef<Funnel>('Funnel').implement({
  description: 'A sales funnel of the account. A contact is in one funnel, or in none.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Equal to `uuid`. Client caches normalize by it.',
      resolve: (funnel) => funnel.uuid,
    }),
    uuid: t.exposeID('uuid', {
      nullable: false,
      description: 'The id of the funnel in Callbell. A contact refers to it by `funnelId`.',
    }),
    name: t.exposeString('name', { description: 'The name of the funnel in the account.' }),
    position: t.exposeInt('position', { description: 'The position of the funnel among all funnels.' }),
    emoji: t.exposeString('emoji', { description: 'The emoji that is shown with the funnel.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the funnel was created.' }),
  }),
})
