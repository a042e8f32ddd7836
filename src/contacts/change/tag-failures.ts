/** The failures and problems of an edit of tags, with their messages. */
import type { Caller } from '../../domain/caller.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Outcome } from '../attempts/failure.ts'
import { ContactsError, failedRead } from '../attempts/failure.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import { maxProblems } from '../rules/input-rules.ts'
import type { TagEdit } from '../rules/update-rules.ts'
import type { EditedTag } from './tag-edit.ts'
import { isSameSet, misspelledTags } from './tag-edit.ts'

/** In characters, of a tag in a message: white space around it may be of any length. */
const maxSpellingLength = 300
/** In characters, of the list of tags in a message. */
const maxTagListLength = 1000

/** @returns why the edit can't be applied to this list: each is a `CONFLICT` */
export function problemsOfEdit(edit: TagEdit, tags: readonly string[], caller: Caller): InputProblem[] {
  if (edit.expected !== null && !isSameSet(edit.expected, tags)) {
    return [{ path: ['expectedTags'], message: conflictMessage(tags, caller), code: 'CONFLICT' }]
  }
  return misspelledTags(edit, tags)
    .slice(0, maxProblems)
    .map(({ path, spelling }) => ({ path, message: spellingMessage(spelling, caller), code: 'CONFLICT' }))
}

/** @param spelling of a tag of the contact: shown only to a caller who may read contacts */
function spellingMessage(spelling: string, { scopes }: Caller): string {
  const isShown = scopes.has('contacts:read') && spelling.length <= maxSpellingLength
  const otherwise = isShown ? `as ${JSON.stringify(spelling)}` : 'in another spelling'
  return `The contact has this tag ${otherwise}. Tags are removed exactly as they are spelled.`
}

/** @param tags of the contact: shown only to a caller who may read contacts */
function conflictMessage(tags: readonly string[], { scopes }: Caller): string {
  if (!scopes.has('contacts:read')) return '`expectedTags` are not the tags that the contact has.'
  const list = JSON.stringify(tags)
  return list.length > maxTagListLength
    ? `\`expectedTags\` are not the ${tags.length.toLocaleString('en-US')} tags that the contact has.`
    : `\`expectedTags\` are not the tags that the contact has: ${list}.`
}

/** @returns the problem of each tag that Callbell did not accept or did not remove */
export function problemsOfRejected(tags: readonly EditedTag[]): InputProblem[] {
  return tags.slice(0, maxProblems).map(({ path, tag }) => {
    const what = path[0] === 'removeTags' ? 'did not remove' : 'did not accept'
    return { path, message: `Callbell ${what} the tag ${JSON.stringify(tag)}.`, code: 'REJECTED' }
  })
}

/** The failure of an update that was applied except for these tags, at least one. */
export function notTaken(tags: readonly EditedTag[]): ContactsError {
  const message = `Callbell did not ${tags[0]?.path[0] === 'removeTags' ? 'remove' : 'accept'} ${namesOf(tags)}, but applied all other changes`
  return new ContactsError('CALLBELL_REJECTED', message, { outcome: 'APPLIED', retryable: false })
}

/** Callbell accepted them each time, and each time the contact did not show them. */
export function neverThere(tags: readonly EditedTag[], rounds: number): ContactsError {
  const message = `After each of ${rounds} writes the contact did not have ${namesOf(tags)} as written`
  return new ContactsError('CALLBELL_REJECTED', message, { outcome: 'UNKNOWN', retryable: false })
}

function namesOf([first, ...others]: readonly EditedTag[]): string {
  const name = `the tag ${JSON.stringify(first?.tag)}`
  return others.length === 0 ? name : `${name} and ${others.length.toLocaleString('en-US')} more`
}

export function conflict(message: string, outcome: Outcome, retryable: boolean): ContactsError {
  return new ContactsError('CONFLICT', message, { outcome, retryable })
}

/** The failure of a later round: Callbell accepted the first round, and its list did not stay. */
export function afterRound(error: unknown, canRepeat: boolean): unknown {
  const failure = failedRead(error)
  return failure instanceof ContactsError ? withOutcome(failure, 'UNKNOWN', canRepeat) : failure
}

/** @param canRepeat whether the caller may retry at all; if so, `retryable` depends on the failure */
export function withOutcome(
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
