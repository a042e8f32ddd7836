import type { Contact } from '../../domain/contact.ts'
import { accountData } from '../account-data.ts'
import { builder } from '../builder.ts'
import { ChannelType } from './channel.ts'
import { ContactSource } from './contact-source.ts'
import { CustomFieldType } from './custom-field.ts'
import { TeamType } from './team.ts'

export const ContactType = builder.objectRef<Contact>('Contact').implement({
  extensions: accountData,
  description: 'A person in the shared inbox. Only `uuid` is certain: Callbell may leave anything else out.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'The same as `uuid`: what client caches normalise by.',
      resolve: (contact) => contact.uuid,
    }),
    uuid: t.exposeID('uuid', { nullable: false, description: 'Identifies the contact in Callbell.' }),
    name: t.exposeString('name', { description: 'The name, as it was given.' }),
    phoneNumber: t.exposeString('phoneNumber', {
      description:
        'The phone number as Callbell holds it: digits only, or with `+` and spaces. Not canonical, so do not compare it. Null outside of WhatsApp.',
    }),
    avatarUrl: t.exposeString('avatarUrl', { description: 'Address of the profile picture.' }),
    source: t.expose('source', {
      type: ContactSource,
      description: 'The kind of channel. Null for a kind that this schema does not know; see `sourceName`.',
    }),
    sourceName: t.exposeString('sourceName', {
      description: 'The kind of channel in Callbell’s own word, known or not.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      description: 'When the conversation was closed; null while it is open.',
    }),
    blockedAt: t.expose('blockedAt', {
      type: 'DateTime',
      description: 'When it was blocked; null if it is not.',
    }),
    href: t.exposeString('href', { description: 'Address of the contact in Callbell’s dashboard.' }),
    conversationHref: t.exposeString('conversationHref', {
      description: 'Address of the conversation in Callbell’s dashboard.',
    }),
    tags: t.exposeStringList('tags', {
      nullable: false,
      description: 'The names of its tags.',
    }),
    assignedUser: t.exposeString('assignedUser', {
      description: 'E-mail address of the user that it is assigned to.',
    }),
    customFields: t.expose('customFields', {
      type: [CustomFieldType],
      nullable: false,
      description: 'The custom fields that are set.',
    }),
    funnelId: t.exposeID('funnelId', { description: 'The sales funnel that it is in.' }),
    note: t.exposeString('note', { description: 'The note on the contact.' }),
    bsuid: t.exposeString('bsuid', { description: 'WhatsApp’s business-scoped user id.' }),
    team: t.expose('team', { type: TeamType, description: 'The team that it is given to.' }),
    channel: t.expose('channel', { type: ChannelType, description: 'The inbox that it belongs to.' }),
  }),
})
