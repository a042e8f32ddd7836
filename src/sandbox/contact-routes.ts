/** Routes to list, create, look up, change and delete contacts. */
import { teams } from './account.ts'
import { toCustomFields, withFieldTypes } from './custom-fields.ts'
import type { ContactRecord } from './contact-record.ts'
import { botAfter } from './contact-record.ts'
import type { ContactChangeParameters } from './contact-parameters.ts'
import { contactChangesCheck, newContactCheck } from './contact-parameters.ts'
import type { WireContact } from './wire.ts'
import { answerContactList, listParameters } from './contact-list.ts'
import { notFound, ok, withParameters } from './reply.ts'
import type { Context, Route } from './route.ts'

export function contactRoutes({ contacts, show }: Context): Route[] {
  const found = (contact: WireContact | undefined) => (contact ? ok(show(contact)) : notFound)
  return [
    {
      method: 'GET',
      path: '/contacts',
      query: listParameters,
      handle: ({ query }) => answerContactList(contacts.entries(), query),
    },
    {
      method: 'POST',
      path: '/contacts',
      handle: ({ body }) =>
        withParameters(newContactCheck, body, (given) => ({ status: 201, body: show(contacts.add(given)) })),
    },
    {
      method: 'GET',
      path: '/contacts/phone/*',
      query: ['channel_uuid'],
      handle: ({ id, query }) => found(contacts.findByPhone(id, query.get('channel_uuid') ?? undefined)),
    },
    {
      method: 'GET',
      path: '/contacts/bsuid/*',
      handle: ({ id }) => found(contacts.findByBsuid(id)),
    },
    {
      method: 'GET',
      path: '/contacts/*',
      query: ['include_field_types'],
      handle({ id, query }) {
        const record = contacts.find(id)
        return found(record && withFieldTypes(record.contact, query))
      },
    },
    {
      method: 'PATCH',
      path: '/contacts/*',
      handle({ id, body }) {
        const record = contacts.find(id)
        if (!record) return notFound
        return withParameters(contactChangesCheck, body, (changes) => {
          const changed = change(record, changes)
          contacts.replace(changed)
          return ok(show(changed.contact))
        })
      },
    },
    {
      method: 'DELETE',
      path: '/contacts/*',
      handle({ id }) {
        if (!contacts.find(id)) return notFound
        contacts.remove(id)
        return ok({ status: 'contact was destroyed' })
      },
    },
  ]
}

/** Absent parameters change nothing. The same is assumed for absent custom fields, which is not documented. */
function change(record: ContactRecord, changes: ContactChangeParameters): ContactRecord {
  const { name, tags, custom_fields, assigned_user, unassign_user, team_uuid, bot_status, note } = changes
  const { contact, bot } = record
  return {
    ...record,
    bot: bot_status === undefined ? bot : botAfter(bot_status),
    contact: {
      ...contact,
      name: name ?? contact.name,
      tags: tags ?? contact.tags,
      customFields: { ...contact.customFields, ...toCustomFields(custom_fields ?? {}) },
      assignedUser: unassign_user ? null : (assigned_user ?? contact.assignedUser),
      team: teams.find(({ uuid }) => uuid === team_uuid) ?? contact.team,
      note: note === undefined ? contact.note : note || null,
    },
  }
}
