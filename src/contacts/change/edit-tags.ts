/**
 * Editing a contact's tags. Callbell replaces the list as a whole. So the list is read, replaced, and read
 * again to verify that nobody else changed it. Only the evidence of an answer decides the outcome.
 */
import type { CallbellClient, ReadableContact } from '../../callbell/client.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Contact } from '../../domain/contact.ts'
import { attempts } from '../attempts/attempts.ts'
import { ContactsError } from '../attempts/failure.ts'
import type { AttemptPolicy } from '../attempts/policies.ts'
import { compareAndSetPolicy, idempotentPolicy, unverifiedPolicy } from '../attempts/policies.ts'
import type { MutationResult } from './mutation-result.ts'
import { withProblems, rejectedByCallbell } from './mutation-result.ts'
import type { EditedTag } from './tag-edit.ts'
import { applyEdit, editPath, isSameSet, isSameToCallbell, undoneTags } from './tag-edit.ts'
import type { TagEdit, Update } from '../rules/update-rules.ts'
import { isIdempotent } from '../rules/update-rules.ts'
import { absent, readBack, readContactForEdit, readFresh } from './read-tags.ts'
import { showsChanges } from './shows-changes.ts'
import {
  afterRound,
  conflict,
  neverThere,
  notTaken,
  problemsOfEdit,
  problemsOfRejected,
  withOutcome,
} from './tag-failures.ts'

/** How often an edit is written if other writers change the list in between. */
const maxRounds = 3

/** The result of one write of the list. */
interface Written {
  /** The contact of Callbell's answer, or as it was read if nothing had to be sent. */
  readonly answer: ReadableContact
  readonly before: readonly string[]
  /** The list that was sent; null where the edit changes nothing. */
  readonly sent: readonly string[] | null
}

/**
 * An edit with `expected` is a compare-and-set: the list is written once at most, and other tags afterwards are a
 * conflict. Without it, the changes of other writers are kept, and the edit is written again.
 *
 * @throws ContactsError, never with `NOT_APPLIED` once Callbell has accepted a write
 */
export async function editTags(
  callbell: CallbellClient,
  update: Update,
  edit: TagEdit,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  const isCompareAndSet = edit.expected !== null
  let before = await readContactForEdit(callbell, update.uuid, context, 'NOT_APPLIED')
  if (before === null) return withProblems(absent)
  let { changes } = update
  /** Whether each round left the list as it was sent, except for the tags of the edit. */
  let isOnlyEdit = true
  for (let round = 1; ; round += 1) {
    const isFirst = round === 1
    const written = await write(callbell, { ...update, changes }, edit, before, context, isFirst).catch(
      (error: unknown) => {
        if (!isFirst) throw afterRound(error, isIdempotent(update.changes))
        if (error instanceof CallbellError) return rejectedByCallbell(error)
        return isCompareAndSet ? verify(callbell, update, edit, context, error) : Promise.reject(error)
      },
    )
    if ('problems' in written) return written
    const { answer, sent } = written
    if (sent === null) return { result: answer.contact, problems: [] }
    const after = await readBack(callbell, update, context)
    const undone = undoneTags(edit, after.tags)
    const isAsSent = edit.replacement === null || isSameToCallbell(edit.replacement, after.tags)
    if (undone.length === 0 && isAsSent) return { result: after, problems: [] }

    // Callbell’s own answer shows that it did not accept them: no other writer was involved.
    const refusedTags = answer.areTagsKnown ? common(undone, undoneTags(edit, answer.contact.tags)) : []
    if (refusedTags.length > 0) {
      const isUnchanged = isFirst && isNothing(changes) && isSameSet(written.before, after.tags)
      if (isUnchanged) return withProblems(...problemsOfRejected(refusedTags))
      throw notTaken(refusedTags)
    }
    if (isCompareAndSet) throw conflict('the tags were changed after they were written', 'APPLIED', false)
    isOnlyEdit &&= isSameToCallbell(withoutEdit(sent, undone), after.tags)
    if (round === maxRounds) {
      throw isOnlyEdit
        ? neverThere(undone, maxRounds)
        : conflict('the tags kept changing', 'UNKNOWN', isIdempotent(update.changes))
    }
    before = after
    // The other fields are written: later changes of other writers must stay.
    changes = {}
  }
}

/**
 * Applies the edit to the present list and sends the result. Before a retry, the list is read again: other
 * writers may have changed it.
 *
 * @param present the contact with the list as it was read last
 * @param isChecked whether to check that the edit can be applied to the list
 */
function write(
  callbell: CallbellClient,
  { uuid, changes }: Update,
  edit: TagEdit,
  present: Contact,
  context: CallContext,
  isChecked: boolean,
): Promise<Written | MutationResult<Contact>> {
  let alreadyRead: Contact | undefined = present
  return attempts(policyOf(edit, changes), context, async (attempt, mayBeApplied) => {
    const contact = alreadyRead ?? (await readFresh(callbell, uuid, attempt))
    alreadyRead = undefined
    const problems = isChecked && !mayBeApplied ? problemsOfEdit(edit, contact.tags, context.caller) : []
    if (problems.length > 0) return { result: contact, problems }
    const { tags: before } = contact
    const wanted = applyEdit(edit, before)
    const sent = isSameSet(wanted, before) ? null : wanted
    if (sent === null && isNothing(changes)) {
      return { answer: { contact, areTagsKnown: true, unreadable: [] }, before, sent }
    }
    const answer = await callbell
      .updateContact(uuid, { ...changes, tags: sent ?? undefined }, attempt)
      .catch((error: unknown) => {
        throw error instanceof CallbellError ? withEditPaths(error, edit, sent ?? []) : error
      })
    return { answer, before, sent }
  })
}

function withEditPaths(error: CallbellError, edit: TagEdit, sent: readonly string[]): CallbellError {
  return error.withRejections(
    error.rejections.map(({ path, message }) => ({ path: editPath(path, edit, sent), message })),
  )
}

function policyOf({ expected }: TagEdit, changes: Update['changes']): AttemptPolicy {
  if (!isIdempotent(changes)) return unverifiedPolicy
  return expected === null ? idempotentPolicy : compareAndSetPolicy
}

/**
 * Verifies the outcome of a compare-and-set whose one attempt failed.
 *
 * @returns the contact, if it shows all changes
 * @throws the error of the attempt, if it does not. A compare-and-set can be retried: it overwrites nothing
 */
async function verify(
  callbell: CallbellClient,
  { uuid, changes }: Update,
  edit: TagEdit,
  context: CallContext,
  failure: unknown,
): Promise<MutationResult<Contact>> {
  if (!(failure instanceof ContactsError) || failure.outcome !== 'UNKNOWN') throw failure
  const found = await readContactForEdit(callbell, uuid, context, 'UNKNOWN').catch((error: unknown) => {
    if (!(error instanceof ContactsError)) throw error
    return null
  })
  const wanted = applyEdit(edit, edit.expected ?? [])
  if (found && isSameToCallbell(wanted, found.tags) && showsChanges(changes, found)) {
    return { result: found, problems: [] }
  }
  throw withOutcome(failure, 'UNKNOWN', isIdempotent(changes), failure.attempts)
}

function isNothing(changes: Update['changes']): boolean {
  return Object.values(changes).every((value) => value === undefined)
}

function common(tags: readonly EditedTag[], others: readonly EditedTag[]): EditedTag[] {
  const names = new Set(others.map(({ path }) => path.join('.')))
  return tags.filter(({ path }) => names.has(path.join('.')))
}

/** @returns the list that was sent, without the edit of these tags */
function withoutEdit(sent: readonly string[], undone: readonly EditedTag[]): readonly string[] {
  const missing = new Set(undone.filter(({ path }) => path[0] !== 'removeTags').map(({ tag }) => tag))
  const kept = undone.filter(({ path }) => path[0] === 'removeTags').map(({ tag }) => tag)
  return [...sent.filter((tag) => !missing.has(tag)), ...kept]
}
