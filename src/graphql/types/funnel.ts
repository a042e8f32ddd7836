import type { Funnel } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const FunnelType = builder.objectRef<Funnel>('Funnel').implement({
  description: 'A stage of the sales funnel that contacts are moved through.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'The same as `uuid`: what client caches normalise by.',
      resolve: (funnel) => funnel.uuid,
    }),
    uuid: t.exposeID('uuid', {
      nullable: false,
      description: 'Identifies the funnel: a contact’s `funnelId` names it.',
    }),
    name: t.exposeString('name', { description: 'What the account calls it.' }),
    position: t.exposeInt('position', { description: 'Its place among the funnels.' }),
    emoji: t.exposeString('emoji', { description: 'The emoji that it is shown with.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
  }),
})
