import type { Team } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

export const TeamType = builder.objectRef<Team>('Team').implement({
  description: 'A team of users that conversations are given to.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'The same as `uuid`: what client caches normalise by.',
      resolve: (team) => team.uuid,
    }),
    uuid: t.exposeID('uuid', { nullable: false, description: 'Identifies the team.' }),
    name: t.exposeString('name', { description: 'What the account calls it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    default: t.exposeBoolean('default', { description: 'Whether it is the account’s default team.' }),
    memberCount: t.exposeInt('memberCount', { description: 'How many users belong to it.' }),
  }),
})
