import { builder } from '../builder.ts'
import { resolveQuery } from '../field-call.ts'
import { costOfConnection, pageArguments } from '../types/connection.ts'
import { ContactConnectionRef, ContactFilterRef } from '../types/contact.ts'
import { selectsFieldTypes } from '../types/custom-field.ts'

builder.queryField('contacts', (t) =>
  t.field({
    type: ContactConnectionRef,
    description:
      'The contacts of the account, newest conversation first. Costs one call to Callbell for each 20 contacts. A page that begins in the middle of a page of Callbell may cost one more, if `first` is not a multiple of 20. One operation may cost 50 calls, including `bot` and `messages` of each contact. If one of the calls fails, the field is null: there are no partial lists. The list moves while you read it: a contact that writes moves to the front, so it may appear twice.',
    args: {
      ...pageArguments(t.arg),
      filter: t.arg({
        type: ContactFilterRef,
        description: 'Selects the contacts. Default: all. It must stay the same from page to page.',
      }),
    },
    extensions: { cost: costOfConnection },
    resolve: (_root, input, context, info) =>
      resolveQuery(context, info, (init) =>
        context.contacts.list({ ...input, hasFieldTypes: selectsFieldTypes(info) }, init),
      ),
  }),
)
