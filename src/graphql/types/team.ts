import type { Team } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const TeamRef = builder.objectRef<Team>('Team').implement({
  description: 'A team of users. Conversations are assigned to teams.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Equal to `uuid`. Client caches normalize by it.',
      resolve: (team) => team.uuid,
    }),
    uuid: t.exposeID('uuid', { nullable: false, description: 'The id of the team in Callbell.' }),
    name: t.exposeString('name', { description: 'The name of the team in the account.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the team was created.' }),
    default: t.exposeBoolean('default', { description: 'Whether it is the account’s default team.' }),
    memberCount: t.exposeInt('memberCount', { description: 'The number of users in the team.' }),
  }),
})
