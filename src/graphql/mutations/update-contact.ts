import { builder } from '../builder.ts'
import { resolveMutation } from '../field-call.ts'
import type { FieldCost } from '../field-cost.ts'
import { BotStatusRef } from '../types/bot.ts'
import { CustomFieldInputRef } from '../types/custom-field.ts'
import { contactPayload } from './contact-payload.ts'

const UpdateContactInputRef = builder.inputType('UpdateContactInput', {
  description:
    'The changes. An omitted field stays unchanged. `null` clears `note` and `assignedUser`. For other fields `null` is refused, because Callbell cannot clear them.',
  fields: (t) => ({
    uuid: t.id({ required: true, description: 'The `uuid` of the contact.' }),
    name: t.string({ description: 'The new name. At most 255 characters.' }),
    note: t.string({ description: 'The new note. At most 1000 characters. `null` clears it.' }),
    assignedUser: t.string({
      description: 'The e-mail address of the user to assign the contact to. `null` assigns it to nobody.',
    }),
    tags: t.stringList({
      description:
        'Replaces all tags; `[]` removes them. Prefer `addTags` and `removeTags`, which keep the tags that colleagues have set. At most 500.',
    }),
    addTags: t.stringList({
      description:
        'The tags to add. The gateway reads the tags, replaces them, and reads them again. Concurrent edits through the gateway never lose tags of one another. The error names a tag that Callbell does not accept. An empty list changes nothing. At most 500.',
    }),
    removeTags: t.stringList({
      description:
        'The tags to remove, exactly as they are spelled, in the same way as `addTags`. A tag that exists in another spelling only is a `CONFLICT`, and nothing is changed. At most 500.',
    }),
    expectedTags: t.stringList({
      description:
        'The tags that the user saw on the contact, in any order. If the contact has other tags now, nothing is changed, and a user error has the code `CONFLICT`. Its message lists the tags, for callers that may read contacts. Tags are written at most once. If others change them right after the write, the error `CONFLICT` has the outcome `APPLIED`. At most 500.',
    }),
    customFields: t.field({
      type: [CustomFieldInputRef],
      description:
        'The custom fields to set. Fields that are not listed stay unchanged. An empty list changes nothing. At most 500.',
    }),
    teamUuid: t.id({ description: 'The team to assign the contact to.' }),
    botStatus: t.field({
      type: BotStatusRef,
      description:
        'Whether the bot may talk to the contact. With `START` the update is not idempotent: it is not retried if Callbell may have carried it out.',
    }),
  }),
})

/** An edit of tags reads the list, replaces it, and reads it again: three calls. */
const costOfUpdate: FieldCost = ({ input }) => ({ calls: editsTags(input) ? 3 : 1 })

function editsTags(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false
  return ['addTags', 'removeTags', 'expectedTags'].some((name) => Array.isArray(Reflect.get(input, name)))
}

const UpdateContactPayloadRef = contactPayload('UpdateContactPayload')

builder.mutationField('updateContact', (t) =>
  t.field({
    type: UpdateContactPayloadRef,
    description:
      'Changes a contact. Costs one call to Callbell, and up to three if tags are added, removed or expected. It is idempotent and retried, unless it starts a bot. If it fails, `extensions.outcome` of the error says whether the contact was changed.',
    args: {
      input: t.arg({
        type: UpdateContactInputRef,
        required: true,
        description: 'The contact, and its changes.',
      }),
    },
    extensions: { cost: costOfUpdate },
    resolve: (_root, { input }, context, info) =>
      resolveMutation(context, info, (init) => context.contacts.update(input, init)),
  }),
)
