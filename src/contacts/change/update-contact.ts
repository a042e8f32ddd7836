/** Updates a contact: omitted fields stay, and an edit of tags keeps the tags of other writers. */
import type { CallbellClient, ReadableContact } from '../../callbell/client.ts'
import type { Contact } from '../../domain/contact.ts'
import type { MutationResult } from './mutation-result.ts'
import { tryMutation, withProblems } from './mutation-result.ts'
import type { ContactLock } from '../locks/contact-lock.ts'
import { editTags } from './edit-tags.ts'
import { readBack } from './read-tags.ts'
import { notTaken } from './tag-failures.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import { idempotentPolicy, unverifiedPolicy } from '../attempts/policies.ts'
import { undoneTags } from './tag-edit.ts'
import type { TagEdit, Update, UpdateContactInput } from '../rules/update-rules.ts'
import { checkUpdate, isIdempotent } from '../rules/update-rules.ts'

/** @throws ContactsError */
export async function updateContact(
  callbell: CallbellClient,
  lock: ContactLock,
  input: UpdateContactInput,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  const checked = checkUpdate(input)
  if ('problems' in checked) return withProblems(...checked.problems)
  const { update } = checked
  const { uuid, tags } = update
  if (tags === null) {
    return tryMutation([], async () => (await patch(callbell, update, undefined, context)).contact)
  }
  const isPlain = tags.replacement !== null && tags.expected === null
  // A replacement of the whole list waits for edits, too: an edit in progress would overwrite it.
  return lock.run(uuid.toLowerCase(), context.caller.bucket, context.deadline, () =>
    isPlain ? replaceTags(callbell, update, tags, context) : editTags(callbell, update, tags, context),
  )
}

/** Replaces the whole list, and reads it back only if Callbell's answer lacks a tag. */
function replaceTags(
  callbell: CallbellClient,
  update: Update,
  edit: TagEdit,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  return tryMutation([], async () => {
    const answer = await patch(callbell, update, edit.replacement ?? undefined, context)
    if (!answer.areTagsKnown || undoneTags(edit, answer.contact.tags).length === 0) return answer.contact
    const after = await readBack(callbell, update, context)
    const missing = undoneTags(edit, after.tags)
    if (missing.length > 0) throw notTaken(missing)
    return after
  })
}

function patch(
  callbell: CallbellClient,
  { uuid, changes }: Update,
  tags: readonly string[] | undefined,
  context: CallContext,
): Promise<ReadableContact> {
  const policy = isIdempotent(changes) ? idempotentPolicy : unverifiedPolicy
  return attempts(policy, context, (attempt) => callbell.updateContact(uuid, { ...changes, tags }, attempt))
}
