import { builder } from '../builder.ts'
import { ContactType } from '../types/contact.ts'
import { resolveQuery } from '../field-call.ts'
import { selectsFieldTypes } from '../types/field-types.ts'

builder.queryField('contact', (t) =>
  t.field({
    type: ContactType,
    description:
      'One contact by its uuid; null where there is none. Costs one call to Callbell, however often the same one is asked for in one request, by `contactByPhone` and `contactByBsuid` too.',
    args: { uuid: t.arg.id({ required: true, description: 'The contact’s uuid.' }) },
    resolve(_root, { uuid }, context, info) {
      const { contacts, known } = context
      const hasFieldTypes = selectsFieldTypes(info)
      return resolveQuery(context, info, (init) =>
        known.contact(['uuid', uuid, hasFieldTypes], () =>
          contacts.find(
            uuid,
            init,
            hasFieldTypes,
            hasFieldTypes ? undefined : (until) => known.foundByOthers(uuid, until),
          ),
        ),
      )
    },
  }),
)

builder.queryField('contactByPhone', (t) =>
  t.field({
    type: ContactType,
    description:
      'One WhatsApp contact by its phone number; null where there is none. A number may belong to one contact on each channel. Costs one call to Callbell.',
    args: {
      phoneNumber: t.arg.string({ required: true, description: 'The phone number, with country code.' }),
      channelUuid: t.arg.id({ description: 'The channel to look on. Default: the main WhatsApp channel.' }),
    },
    resolve: (_root, { phoneNumber, channelUuid }, context, info) =>
      resolveQuery(context, info, (init) =>
        context.known.contact(['phone', phoneNumber, channelUuid], () =>
          context.contacts.findByPhone(phoneNumber, channelUuid, init),
        ),
      ),
  }),
)

builder.queryField('contactByBsuid', (t) =>
  t.field({
    type: ContactType,
    description:
      'One WhatsApp contact by its business-scoped user id, which it has even where it hides its number; null where there is none. Costs one call to Callbell.',
    args: { bsuid: t.arg.string({ required: true, description: 'WhatsApp’s business-scoped user id.' }) },
    resolve: (_root, { bsuid }, context, info) =>
      resolveQuery(context, info, (init) =>
        context.known.contact(['bsuid', bsuid], () => context.contacts.findByBsuid(bsuid, init)),
      ),
  }),
)
