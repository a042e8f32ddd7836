import type { GraphQLResolveInfo } from 'graphql'
import type { Contact } from '../../domain/contact.ts'
import type { GatewayContext } from '../builder.ts'
import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import { ContactRef } from '../types/contact.ts'
import { selectsFieldTypes } from '../types/custom-field.ts'
import { NodeRef } from '../types/node.ts'

builder.queryField('contact', (t) =>
  t.field({
    type: ContactRef,
    description:
      'One contact by its `uuid`. Null if there is none. Costs one call to Callbell, however often a request selects the same contact, also by `contactByPhone` and `contactByBsuid`.',
    args: { uuid: t.arg.id({ required: true, description: 'The `uuid` of the contact.' }) },
    resolve: (_root, { uuid }, context, info) => findByUuid(uuid, context, info),
  }),
)

builder.queryField('node', (t) =>
  t.field({
    type: NodeRef,
    description:
      'The contact with this `id`, for clients such as Relay that read any object by its id. Null if there is none. Costs what `contact` costs.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of a contact.' }) },
    resolve: (_root, { id }, context, info) => findByUuid(id, context, info),
  }),
)

function findByUuid(
  uuid: string,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<Contact | null> {
  const { contacts, cache } = context
  const hasFieldTypes = selectsFieldTypes(info)
  return resolveQuery(context, info, (init) =>
    cache.contact(['uuid', uuid, hasFieldTypes], () =>
      contacts.find(
        uuid,
        init,
        hasFieldTypes,
        hasFieldTypes ? undefined : (until) => cache.findContact(uuid, until),
      ),
    ),
  )
}

builder.queryField('contactByPhone', (t) =>
  t.field({
    type: ContactRef,
    description:
      'One WhatsApp contact by its phone number. Null if there is none. A number may belong to one contact on each channel. Costs one call to Callbell.',
    args: {
      phoneNumber: t.arg.string({ required: true, description: 'The phone number with country code.' }),
      channelUuid: t.arg.id({ description: 'The channel to search. Default: the main WhatsApp channel.' }),
    },
    resolve: (_root, { phoneNumber, channelUuid }, context, info) =>
      resolveQuery(context, info, (init) =>
        context.cache.contact(['phone', phoneNumber, channelUuid], () =>
          context.contacts.findByPhone(phoneNumber, channelUuid, init),
        ),
      ),
  }),
)

builder.queryField('contactByBsuid', (t) =>
  t.field({
    type: ContactRef,
    description:
      'One WhatsApp contact by its business-scoped user id, which a contact has even if it hides its number. Null if there is none. Costs one call to Callbell.',
    args: { bsuid: t.arg.string({ required: true, description: 'WhatsApp’s business-scoped user id.' }) },
    resolve: (_root, { bsuid }, context, info) =>
      resolveQuery(context, info, (init) =>
        context.cache.contact(['bsuid', bsuid], () => context.contacts.findByBsuid(bsuid, init)),
      ),
  }),
)
