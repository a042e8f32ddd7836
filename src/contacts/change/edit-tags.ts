/**
 * Editing a contact's tags. Callbell replaces the list as a whole: so it is read, replaced, and read
 * again, to see whether it has stayed so. Nothing but the evidence of an answer says what became of it.
 */
import type { CallbellClient, ReadableContact, Attempt } from '../../callbell/client.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Caller } from '../../domain/caller.ts'
import type { Contact } from '../../domain/contact.ts'
import type { MutationResult, ChangeProblem } from '../rules/mutation-result.ts'
import { invalid, rejectedByCallbell } from '../rules/mutation-result.ts'
import type { Outcome } from '../attempts/failure.ts'
import { ContactsError, failedRead } from '../attempts/failure.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attempts } from '../attempts/attempts.ts'
import type { AttemptPolicy } from '../attempts/policies.ts'
import { compareAndSetPolicy, idempotentPolicy, unverifiedPolicy } from '../attempts/policies.ts'
import { showsChanges } from './shows-changes.ts'
import type { PlacedTag, TagEdit } from '../rules/tag-edit.ts'
import { applyEdit, isSameSet, isSameToCallbell, misspelledTags, undoneTags } from '../rules/tag-edit.ts'
import type { Update } from '../rules/update-rules.ts'
import { isIdempotent } from '../rules/update-rules.ts'

export interface UpdateParts {
  readonly callbell: CallbellClient
}

/** How often an edit is written because others have changed the list in between. */
const mostRounds = 3

/** What became of one write of the list. */
interface Written {
  /** The contact as Callbell answered it, or as it was read where nothing had to be sent. */
  readonly answer: ReadableContact
  readonly before: readonly string[]
  /** The list that was sent; null where the edit changes nothing. */
  readonly sent: readonly string[] | null
}

/**
 * With `expected` it is a compare-and-set: the list is written once at most, and other tags afterwards are
 * a conflict. Without, what others have changed in between is kept, and the edit is written again.
 *
 * @throws ContactsFailure: once Callbell has taken a write, none says that nothing was changed
 */
export async function editTags(
  parts: UpdateParts,
  update: Update,
  edit: TagEdit,
  context: CallContext,
): Promise<MutationResult<Contact>> {
  const isCompareAndSet = edit.expected !== null
  let before = await read(parts, update.uuid, context, 'NOT_APPLIED')
  if (before === null) return invalid(absent)
  let { changes } = update
  /** Whether each round left the list as it was sent, but for the tags of the edit. */
  let isOnlyEdit = true
  for (let round = 1; ; round += 1) {
    const isFirst = round === 1
    const written = await write(parts, { ...update, changes }, edit, before, context, isFirst).catch(
      (error: unknown) => {
        if (!isFirst) throw afterRound(error, isIdempotent(update.changes))
        if (error instanceof CallbellError) return rejectedByCallbell(error)
        return isCompareAndSet ? verify(parts, update, edit, context, error) : Promise.reject(error)
      },
    )
    if ('problems' in written) return written
    const { answer, sent } = written
    if (sent === null) return { result: answer.contact, problems: [] }
    const after = await readBack(parts, update, context)
    const undone = undoneTags(edit, after.tags)
    const isAsSent = edit.replacement === null || isSameToCallbell(edit.replacement, after.tags)
    if (undone.length === 0 && isAsSent) return { result: after, problems: [] }

    // Callbell’s own answer shows that it did not take them: nobody else has been at work.
    const refusedTags = answer.areTagsKnown ? common(undone, undoneTags(edit, answer.contact.tags)) : []
    if (refusedTags.length > 0) {
      const isUnchanged = isFirst && isNothing(changes) && isSameSet(written.before, after.tags)
      if (isUnchanged) return invalid(...refusedTags.slice(0, mostProblems).map(problemOf))
      throw notTaken(refusedTags)
    }
    if (isCompareAndSet) throw conflict('the tags were changed after they were written', 'APPLIED', false)
    isOnlyEdit &&= isSameToCallbell(withoutEdit(sent, undone), after.tags)
    if (round === mostRounds) {
      throw isOnlyEdit
        ? neverThere(undone)
        : conflict('the tags kept changing', 'UNKNOWN', isIdempotent(update.changes))
    }
    before = after
    // All the rest is made: what others change of it in the meantime must stay.
    changes = {}
  }
}

/**
 * Sends the list that the edit makes of the present one. Before it is sent again, the list is read anew:
 * others may have changed it.
 *
 * @param present the contact with the list as it was read last
 * @param isChecked whether the list is checked to be one that the edit can be made of
 */
function write(
  { callbell }: UpdateParts,
  { uuid, changes }: Update,
  edit: TagEdit,
  present: Contact,
  context: CallContext,
  isChecked: boolean,
): Promise<Written | MutationResult<never>> {
  let known: Contact | undefined = present
  return attempts(policyOf(edit, changes), context, async (attempt, mayBeApplied) => {
    const contact = known ?? (await readFresh(callbell, uuid, attempt))
    known = undefined
    const problems = isChecked && !mayBeApplied ? problemsOf(edit, contact.tags, context.caller) : []
    if (problems.length > 0) return invalid(...problems)
    const { tags: before } = contact
    const wanted = applyEdit(edit, before)
    const sent = isSameSet(wanted, before) ? null : wanted
    if (sent === null && isNothing(changes)) {
      return { answer: { contact, areTagsKnown: true, unreadable: [] }, before, sent }
    }
    const answer = await callbell.updateContact(uuid, { ...changes, tags: sent ?? undefined }, attempt)
    return { answer, before, sent }
  })
}

function policyOf({ expected }: TagEdit, changes: Update['changes']): AttemptPolicy {
  if (!isIdempotent(changes)) return unverifiedPolicy
  return expected === null ? idempotentPolicy : compareAndSetPolicy
}

/** @throws CallbellError as of a change that was not sent, where the contact or its tags can't be read */
async function readFresh(callbell: CallbellClient, uuid: string, attempt: Attempt): Promise<Contact> {
  const found = await callbell.getContactWithTags(uuid, attempt).catch((error: unknown) => {
    if (!(error instanceof CallbellError)) throw error
    const { code, message, retryAfterMs } = error
    throw new CallbellError(code, message, { progress: 'unsent', retryAfterMs, cause: error })
  })
  if (found === null) {
    throw new CallbellError('CALLBELL_REJECTED', absent.message, {
      progress: 'answered',
      status: 404,
      rejections: [absent],
    })
  }
  if (!found.areTagsKnown) {
    throw new CallbellError('CALLBELL_INVALID_RESPONSE', unknownTags, { progress: 'unsent' })
  }
  return found.contact
}

/**
 * Verifies the outcome of a compare-and-set whose one attempt failed.
 *
 * @returns the contact, if it shows all that was to be changed
 * @throws what the attempt threw, if it does not. A compare-and-set can be repeated: it overwrites nothing
 */
async function verify(
  parts: UpdateParts,
  { uuid, changes }: Update,
  edit: TagEdit,
  context: CallContext,
  failure: unknown,
): Promise<MutationResult<Contact>> {
  if (!(failure instanceof ContactsError) || failure.outcome !== 'UNKNOWN') throw failure
  const found = await read(parts, uuid, context, 'UNKNOWN').catch((error: unknown) => {
    if (!(error instanceof ContactsError)) throw error
    return null
  })
  const wanted = applyEdit(edit, edit.expected ?? [])
  if (found && isSameToCallbell(wanted, found.tags) && showsChanges(changes, found)) {
    return { result: found, problems: [] }
  }
  throw withOutcome(failure, 'UNKNOWN', isIdempotent(changes), failure.attempts)
}

/** Reads the contact after a write that Callbell has taken. @throws ContactsFailure */
export async function readBack(
  parts: UpdateParts,
  { uuid, changes, tags }: Update,
  context: CallContext,
): Promise<Contact> {
  // A compare-and-set that was made would find other tags than it expects.
  const canRepeat = isIdempotent(changes) && tags?.expected === null
  const contact = await read(parts, uuid, context, 'APPLIED', canRepeat)
  if (contact === null) throw conflict('the contact was deleted after it was changed', 'APPLIED', false)
  return contact
}

/**
 * @param outcome what is known of the change if this read fails
 * @param canRepeat whether the change may be repeated if this read fails
 */
async function read(
  { callbell }: UpdateParts,
  uuid: string,
  context: CallContext,
  outcome: Outcome,
  canRepeat = true,
): Promise<Contact | null> {
  try {
    const found = await attempts(idempotentPolicy, context, (attempt) =>
      callbell.getContactWithTags(uuid, attempt),
    )
    if (found?.areTagsKnown === false) {
      throw new ContactsError('CALLBELL_INVALID_RESPONSE', unknownTags, { outcome, retryable: false })
    }
    return found?.contact ?? null
  } catch (error) {
    const failure = failedRead(error)
    throw failure instanceof ContactsError ? withOutcome(failure, outcome, canRepeat) : failure
  }
}

/** What the failure of a later round is of the whole: the first round was taken, and did not stay. */
function afterRound(error: unknown, canRepeat: boolean): unknown {
  const failure = failedRead(error)
  return failure instanceof ContactsError ? withOutcome(failure, 'UNKNOWN', canRepeat) : failure
}

/** @param canRepeat whether the call may be repeated at all; if so, it may where the failure may pass */
function withOutcome(
  failure: ContactsError,
  outcome: Outcome,
  canRepeat: boolean,
  attemptCount?: number,
): ContactsError {
  const { code, message, retryAfterMs, isMessageShown, cause } = failure
  const mayPass = failure.retryable || (cause instanceof CallbellError && cause.isTransient)
  return new ContactsError(code, message, {
    outcome,
    retryable: canRepeat && mayPass,
    retryAfterMs,
    isMessageShown,
    cause,
    ...(attemptCount !== undefined && { attempts: attemptCount }),
  })
}

const unknownTags = 'the contact’s tags could not be read'
const absent: ChangeProblem = { path: ['uuid'], message: 'names no contact of the account', code: 'REJECTED' }

/** More problems at once help nobody. */
const mostProblems = 50
/** In characters, of a tag in a message: white space around it may be of any length. */
const longestSpelling = 300
/** In characters, of the list of tags in a message. */
const longestTagList = 1000

/** @returns why the edit can't be made of this list */
function problemsOf(edit: TagEdit, tags: readonly string[], caller: Caller): ChangeProblem[] {
  if (edit.expected !== null && !isSameSet(edit.expected, tags)) {
    return [{ path: ['expectedTags'], message: conflictMessage(tags, caller), code: 'CONFLICT' }]
  }
  return misspelledTags(edit, tags)
    .slice(0, mostProblems)
    .map(({ path, spelling }) => ({ path, message: spellingMessage(spelling, caller), code: 'CONFLICT' }))
}

/** @param spelling of a tag of the contact: shown only to a caller who may read contacts */
function spellingMessage(spelling: string, { scopes }: Caller): string {
  const isShown = scopes.has('contacts:read') && spelling.length <= longestSpelling
  const otherwise = isShown ? `as ${JSON.stringify(spelling)}` : 'in another spelling'
  return `The contact has this tag ${otherwise}. Tags are removed exactly as they are spelled.`
}

/** @param tags of the contact: shown only to a caller who may read contacts */
function conflictMessage(tags: readonly string[], { scopes }: Caller): string {
  if (!scopes.has('contacts:read')) return '`expectedTags` are not the tags that the contact has.'
  const list = JSON.stringify(tags)
  return list.length > longestTagList
    ? `\`expectedTags\` are not the ${tags.length.toLocaleString('en-US')} tags that the contact has.`
    : `\`expectedTags\` are not the tags that the contact has: ${list}.`
}

function problemOf({ path, tag }: PlacedTag): ChangeProblem {
  const what = path[0] === 'removeTags' ? 'did not remove' : 'did not take'
  return { path, message: `Callbell ${what} the tag ${JSON.stringify(tag)}.`, code: 'REJECTED' }
}

/** The failure of an update that was made but for these tags, of which there is at least one. */
export function notTaken(tags: readonly PlacedTag[]): ContactsError {
  const message = `Callbell did not ${tags[0]?.path[0] === 'removeTags' ? 'remove' : 'take'} ${namesOf(tags)}, but applied all other changes`
  return new ContactsError('CALLBELL_REJECTED', message, { outcome: 'APPLIED', retryable: false })
}

/** Callbell took them each time, and each time they were not as they had been written. */
function neverThere(tags: readonly PlacedTag[]): ContactsError {
  const message = `After each of ${mostRounds} writes the contact did not have ${namesOf(tags)} as written`
  return new ContactsError('CALLBELL_REJECTED', message, { outcome: 'UNKNOWN', retryable: false })
}

function namesOf([first, ...others]: readonly PlacedTag[]): string {
  const name = `the tag ${JSON.stringify(first?.tag)}`
  return others.length === 0 ? name : `${name} and ${others.length.toLocaleString('en-US')} more`
}

function conflict(message: string, outcome: Outcome, retryable: boolean): ContactsError {
  return new ContactsError('CONFLICT', message, { outcome, retryable })
}

function isNothing(changes: Update['changes']): boolean {
  return Object.values(changes).every((value) => value === undefined)
}

function common(tags: readonly PlacedTag[], others: readonly PlacedTag[]): PlacedTag[] {
  const names = new Set(others.map(({ path }) => path.join('.')))
  return tags.filter(({ path }) => names.has(path.join('.')))
}

/** The list that was sent, if the edit had not been made of these tags. */
function withoutEdit(sent: readonly string[], undone: readonly PlacedTag[]): readonly string[] {
  const missing = new Set(undone.filter(({ path }) => path[0] !== 'removeTags').map(({ tag }) => tag))
  const kept = undone.filter(({ path }) => path[0] === 'removeTags').map(({ tag }) => tag)
  return [...sent.filter((tag) => !missing.has(tag)), ...kept]
}
