import { builder } from '../builder.ts'
import { connectionOf, costOfConnection, pageArguments } from '../types/connection.ts'
import { ContactSource } from '../types/contact-source.ts'
import { ContactType } from '../types/contact.ts'
import { resolveQuery } from '../field-call.ts'
import { selectsFieldTypes } from '../types/field-types.ts'

const ContactFilter = builder.inputType('ContactFilter', {
  description: 'Which contacts a list is to hold: those that meet all that is given.',
  fields: (t) => ({
    source: t.field({ type: ContactSource, description: 'Only those of this kind of channel.' }),
    tags: t.stringList({
      description:
        'Only those with all of these tags, whatever their case. A tag with a comma in it can’t be asked for. At most 500.',
    }),
    teamUuid: t.id({ description: 'Only those of this team.' }),
  }),
})

const ContactConnection = connectionOf(ContactType, 'contacts')

builder.queryField('contacts', (t) =>
  t.field({
    type: ContactConnection,
    nullable: false,
    description:
      'The account’s contacts, newest conversation first. Costs one call to Callbell for each 20 that are asked for; a step that begins in the middle of a page of Callbell’s, as steps of other sizes than 20 come to do, may cost one more. One operation may cost 50 calls, those of `bot` and `messages` of each contact included. When one of the calls fails, the whole field does, and never gives half a list. The list moves while it is walked through: whoever writes comes to the front, so that a contact may show again.',
    args: {
      ...pageArguments(t.arg),
      filter: t.arg({
        type: ContactFilter,
        description: 'Which contacts. Default: all. It must stay the same from step to step.',
      }),
    },
    extensions: { cost: costOfConnection },
    resolve: (_root, input, context, info) =>
      resolveQuery(context, info, (init) =>
        context.contacts.list({ ...input, hasFieldTypes: selectsFieldTypes(info) }, init),
      ),
  }),
)
