import type { Contact } from '../../domain/contact.ts'
import { accountData } from '../account-data.ts'
import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import { BotRef } from './bot.ts'
import { ChannelRef } from './channel.ts'
import { connectionOf, costOfConnection, pageArguments } from './connection.ts'
import { CustomFieldRef } from './custom-field.ts'
import { MessageConnectionRef } from './message.ts'
import { NodeRef } from './node.ts'
import { TeamRef } from './team.ts'

export const ContactSourceRef = builder.enumType('ContactSource', {
  description: 'The channel type of a contact.',
  values: {
    WHATSAPP: { value: 'whatsapp', description: 'WhatsApp. The identifier is a phone number.' },
    FACEBOOK: { value: 'facebook', description: 'Facebook Messenger.' },
    INSTAGRAM: { value: 'instagram', description: 'Instagram direct messages.' },
    TELEGRAM: { value: 'telegram', description: 'Telegram.' },
  } as const,
})

export const ContactRef = builder.objectRef<Contact>('Contact').implement({
  interfaces: [NodeRef],
  extensions: accountData,
  description:
    'A person in the shared inbox. Only `id` and `uuid` are always set: Callbell may omit anything else.',
  fields: (t) => ({
    uuid: t.exposeID('uuid', { nullable: false, description: 'The id of the contact in Callbell.' }),
    name: t.exposeString('name', { description: 'The name of the contact, unchanged.' }),
    phoneNumber: t.exposeString('phoneNumber', {
      description:
        'The phone number as Callbell stores it: digits only, or with `+` and spaces. It is not canonical, so do not compare it. Null for channels other than WhatsApp.',
    }),
    avatarUrl: t.exposeString('avatarUrl', { description: 'The URL of the profile picture.' }),
    source: t.expose('source', {
      type: ContactSourceRef,
      description: 'The channel type. Null for a type that this schema does not know: read `sourceName`.',
    }),
    sourceName: t.exposeString('sourceName', {
      description: 'The channel type as Callbell spells it, known to this schema or not.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the contact was created.' }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      description: 'When the conversation was closed. Null while it is open.',
    }),
    blockedAt: t.expose('blockedAt', {
      type: 'DateTime',
      description: 'When the contact was blocked. Null if it is not blocked.',
    }),
    href: t.exposeString('href', { description: 'The URL of the contact in Callbell’s dashboard.' }),
    conversationHref: t.exposeString('conversationHref', {
      description: 'The URL of the conversation in Callbell’s dashboard.',
    }),
    tags: t.exposeStringList('tags', {
      nullable: false,
      description: 'The names of the contact’s tags.',
    }),
    assignedUser: t.exposeString('assignedUser', {
      description: 'The e-mail address of the user that the contact is assigned to.',
    }),
    customFields: t.expose('customFields', {
      type: [CustomFieldRef],
      nullable: false,
      description: 'The custom fields that are set.',
    }),
    funnelId: t.exposeID('funnelId', { description: 'The `uuid` of the sales funnel of the contact.' }),
    note: t.exposeString('note', { description: 'The note on the contact.' }),
    bsuid: t.exposeString('bsuid', { description: 'WhatsApp’s business-scoped user id.' }),
    team: t.expose('team', { type: TeamRef, description: 'The team that the contact is assigned to.' }),
    channel: t.expose('channel', { type: ChannelRef, description: 'The inbox of the contact.' }),
    messages: t.field({
      type: MessageConnectionRef,
      description:
        'The messages of the conversation, newest first. Costs one call to Callbell for each 20 messages, on each contact that it is selected on. Null if one of the calls fails: the contact stays.',
      args: pageArguments(t.arg),
      extensions: { cost: costOfConnection },
      resolve: ({ uuid }, pageArgs, context, info) =>
        resolveQuery(context, info, (init) => context.contacts.messages(uuid, pageArgs, init)),
    }),
    bot: t.field({
      type: BotRef,
      description:
        'The bot of the conversation. Null if there is none. Costs one call to Callbell for each contact that it is selected on.',
      extensions: { cost: () => ({ calls: 1 }) },
      resolve: ({ uuid }, _args, context, info) =>
        resolveQuery(context, info, (init) => context.contacts.bot(uuid, init)),
    }),
  }),
})

export const ContactConnectionRef = connectionOf(ContactRef, 'contact')

export const ContactFilterRef = builder.inputType('ContactFilter', {
  description: 'Selects contacts that match all given fields.',
  fields: (t) => ({
    source: t.field({ type: ContactSourceRef, description: 'Only contacts of this channel type.' }),
    tags: t.stringList({
      description:
        'Only contacts that have all of these tags, in any letter case. A tag with a comma is refused. At most 500.',
    }),
    teamUuid: t.id({ description: 'Only contacts of this team.' }),
  }),
})
