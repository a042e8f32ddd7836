/** Updating a contact: what is left out stays, and an edit of its tags loses nobody else's. */
import type { Caller } from '../caller.ts'
import type { CallbellClient } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { Contact } from '../contact.ts'
import type { Changed, ChangeProblem } from './change.ts'
import { changed, refused } from './change.ts'
import type { ContactLock } from './contact-lock.ts'
import { ContactsFailure } from './failure.ts'
import type { Repeating } from './repeat.ts'
import { repeat } from './repeat.ts'
import type { TagEdit, Update, UpdateContactInput } from './update-rules.ts'
import { checkUpdate } from './update-rules.ts'

export interface UpdateParts {
  readonly callbell: CallbellClient
  readonly lock: ContactLock
}

/** How often an edit is made again because the list is not as it was left. */
const mostRounds = 3

/**
 * Callbell replaces a list of tags as a whole. So an edit of it reads the list, replaces it, and
 * looks whether it has stayed so; edits of one contact wait for each other.
 *
 * @throws ContactsFailure
 */
export async function updateContact(
  parts: UpdateParts,
  input: UpdateContactInput,
  repeating: Repeating,
): Promise<Changed<Contact>> {
  const checked = checkUpdate(input)
  if ('problems' in checked) return refused(...checked.problems)
  const { update } = checked
  const { tags } = update
  const isSingle = tags === null || (tags.replacement !== null && tags.expected === null)
  // A list that is replaced as a whole waits for edits, too: it would be lost in the middle of one.
  if (tags === null) return changed([], () => patch(parts, update, undefined, repeating))
  return parts.lock.run(update.uuid, repeating.origin.caller.bucket, repeating.deadline, () =>
    isSingle
      ? changed([], () => patch(parts, update, tags.replacement ?? undefined, repeating))
      : editTags(parts, update, tags, repeating),
  )
}

async function editTags(
  parts: UpdateParts,
  update: Update,
  edit: TagEdit,
  repeating: Repeating,
): Promise<Changed<Contact>> {
  let before = await read(parts, update.uuid, repeating, 'NOT_APPLIED')
  if (before === null) return refused(absent)
  if (edit.expected !== null && !isSameSet(edit.expected, before.tags)) {
    const message = conflictMessage(before.tags, repeating.origin.caller)
    return refused({ path: ['expectedTags'], message, code: 'CONFLICT' })
  }
  for (let round = 1; round <= mostRounds; round += 1) {
    const wanted = edit.replacement ?? apply(edit, before.tags)
    const made = await changed([], () => patch(parts, update, wanted, repeating))
    if (made.result === null) return made
    const after = await read(parts, update.uuid, repeating, 'APPLIED')
    if (after === null) return refused(absent)
    if (isSameSet(wanted, after.tags) || (edit.replacement === null && isDone(edit, after.tags))) {
      return { result: after, problems: [] }
    }
    before = after
  }
  throw new ContactsFailure('CONFLICT', 'the tags kept changing', { outcome: 'UNKNOWN', retryable: true })
}

function patch(
  { callbell }: UpdateParts,
  { uuid, changes }: Update,
  tags: readonly string[] | undefined,
  repeating: Repeating,
): Promise<Contact> {
  return repeat(repeating, (times) => callbell.updateContact(uuid, { ...changes, tags }, times))
}

/** @param outcome what is known of the change if this read fails */
async function read(
  { callbell }: UpdateParts,
  uuid: string,
  repeating: Repeating,
  outcome: 'NOT_APPLIED' | 'APPLIED',
): Promise<Contact | null> {
  try {
    const { contact } = await repeat(repeating, (times) => callbell.getContact(uuid, times))
    return contact
  } catch (error) {
    if (!(error instanceof ContactsFailure || error instanceof CallbellError)) throw error
    const { code, message, retryAfterMs } = error
    const retryable = error instanceof ContactsFailure && error.retryable
    throw new ContactsFailure(code, message, { outcome, retryable, retryAfterMs, cause: error })
  }
}

const absent: ChangeProblem = { path: ['uuid'], message: 'names no contact of the account', code: 'REJECTED' }

/** In characters, of the list of tags in a message. */
const longestTagList = 1000

/** @param tags of the contact: only a caller who may read contacts is told them */
function conflictMessage(tags: readonly string[], { scopes }: Caller): string {
  if (!scopes.has('contacts:read')) return '`expectedTags` are not the tags that the contact has.'
  const list = JSON.stringify(tags)
  return list.length > longestTagList
    ? `\`expectedTags\` are not the ${tags.length.toLocaleString('en-US')} tags that the contact has.`
    : `\`expectedTags\` are not the tags that the contact has: ${list}.`
}

function apply({ add, remove }: TagEdit, tags: readonly string[]): readonly string[] {
  const removed = new Set(remove)
  const kept = tags.filter((tag) => !removed.has(tag))
  const there = new Set(kept)
  return [...kept, ...new Set(add.filter((tag) => !there.has(tag)))]
}

function isDone({ add, remove }: TagEdit, tags: readonly string[]): boolean {
  const there = new Set(tags)
  return add.every((tag) => there.has(tag)) && !remove.some((tag) => there.has(tag))
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const first = new Set(one)
  const second = new Set(other)
  return one.every((tag) => second.has(tag)) && other.every((tag) => first.has(tag))
}
