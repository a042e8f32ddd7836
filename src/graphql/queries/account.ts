/** What contacts refer to, and forms offer as choices. */
import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import { ChannelRef } from '../types/channel.ts'
import { FunnelRef } from '../types/funnel.ts'
import { TeamRef } from '../types/team.ts'

builder.queryFields((t) => ({
  teams: t.field({
    type: [TeamRef],
    nullable: { list: true, items: false },
    description:
      'The teams of the account. Costs one call to Callbell for each page: one call for most accounts, however often a request selects the field. Null if the call fails: the other fields of the query are not affected.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.cache.teams(() => context.contacts.teams(init))),
  }),
  channels: t.field({
    type: [ChannelRef],
    nullable: { list: true, items: false },
    description:
      'The connected inboxes of the account. Costs one call to Callbell for each page: one call for most accounts, however often a request selects the field. Null if the call fails: the other fields of the query are not affected.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.cache.channels(() => context.contacts.channels(init))),
  }),
  funnels: t.field({
    type: [FunnelRef],
    nullable: { list: true, items: false },
    description:
      'The sales funnels of the account. Costs one call to Callbell, however often a request selects the field. Null if the call fails: the other fields of the query are not affected.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.cache.funnels(() => context.contacts.funnels(init))),
  }),
}))
