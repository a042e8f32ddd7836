/** What contacts refer to: what a form offers for a choice. */
import { builder } from '../builder.ts'
import { ChannelType } from '../types/channel.ts'
import { resolveQuery } from '../field-call.ts'
import { FunnelType } from '../types/funnel.ts'
import { TeamType } from '../types/team.ts'

builder.queryFields((t) => ({
  teams: t.field({
    type: [TeamType],
    nullable: false,
    description:
      'The account’s teams. Costs one call to Callbell for each page that it has of them: one, for most accounts, however often they are selected in one request.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.known.teams(() => context.contacts.teams(init))),
  }),
  channels: t.field({
    type: [ChannelType],
    nullable: false,
    description:
      'The account’s connected inboxes. Costs one call to Callbell for each page that it has of them: one, for most accounts, however often they are selected in one request.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.known.channels(() => context.contacts.channels(init))),
  }),
  funnels: t.field({
    type: [FunnelType],
    nullable: false,
    description:
      'The stages of the account’s sales funnel. Costs one call to Callbell, however often they are selected in one request.',
    resolve: (_root, _args, context, info) =>
      resolveQuery(context, info, (init) => context.known.funnels(() => context.contacts.funnels(init))),
  }),
}))
