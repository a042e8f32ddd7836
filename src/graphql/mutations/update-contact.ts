import { BotStatus } from '../types/bot-status.ts'
import { builder } from '../builder.ts'
import { contactPayload } from './change-payload.ts'
import { CustomFieldInput } from '../types/custom-field.ts'
import { resolveMutation } from '../field-call.ts'
import type { FieldCost } from '../field-cost.ts'

const UpdateContactInput = builder.inputType('UpdateContactInput', {
  description:
    'What is to be changed. A key that is left out stays as it is. `null` clears the note and the assigned user, and is refused elsewhere: Callbell can clear nothing else.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The contact’s uuid.' }),
    name: t.string({ description: 'A new name. At most 255 characters.' }),
    note: t.string({ description: 'A new note, at most 1000 characters; `null` clears it.' }),
    assignedUser: t.string({
      description: 'E-mail address of the user to assign the contact to; `null` assigns it to nobody.',
    }),
    tags: t.stringList({
      description:
        'The whole list of tags that the contact is to have: all others are taken from it. `[]` takes all. Prefer `addTags` and `removeTags`, which leave alone what colleagues have set. At most 500.',
    }),
    addTags: t.stringList({
      description:
        'Tags to be added to those that are there: they are read, replaced, and read again. Edits through this gateway never lose one another. A tag that Callbell does not take is named. An empty list changes nothing. At most 500.',
    }),
    removeTags: t.stringList({
      description:
        'Tags to be removed, in the same way as `addTags`. They are removed exactly as they are spelled: one that is there in another spelling only is a `CONFLICT`, and nothing is changed. At most 500.',
    }),
    expectedTags: t.stringList({
      description:
        'The tags that the contact had when the user saw it, in any order. At most 500. If the contact has others now, nothing is changed: the message of a userError with the code `CONFLICT` lists them for a caller who may read contacts. Tags are written once at most: where others change them right afterwards, the error `CONFLICT` has the outcome `APPLIED`.',
    }),
    customFields: t.field({
      type: [CustomFieldInput],
      description:
        'Custom fields to be set. Those that are not named stay as they are, and an empty list changes nothing. At most 500.',
    }),
    teamUuid: t.id({ description: 'The team to give the contact to.' }),
    botStatus: t.field({
      type: BotStatus,
      description:
        'Whether the bot may talk to the contact. With `START` the update is not idempotent: it is not retried where Callbell may have carried it out.',
    }),
  }),
})

/** An edit of tags reads the list, replaces it, and reads it again. */
const costOfUpdate: FieldCost = ({ input }) => ({ calls: editsTags(input) ? 3 : 1 })

function editsTags(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false
  return ['addTags', 'removeTags', 'expectedTags'].some((name) => Array.isArray(Reflect.get(input, name)))
}

const UpdateContactPayload = contactPayload('UpdateContactPayload')

builder.mutationField('updateContact', (t) =>
  t.field({
    type: UpdateContactPayload,
    description:
      'Changes a contact. One call to Callbell, up to three when tags are added, removed or expected. It is idempotent, unless it starts a bot, and is retried when a call fails. `extensions.outcome` of an error says whether the change was made.',
    args: {
      input: t.arg({ type: UpdateContactInput, required: true, description: 'What is to be changed.' }),
    },
    extensions: { cost: costOfUpdate },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.update(input, init)),
  }),
)
