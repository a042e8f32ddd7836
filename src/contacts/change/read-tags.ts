/** Reading a contact for an edit of its tags: a contact whose tags can't be read is a failure. */
import type { Attempt, CallbellClient } from '../../callbell/client.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { CallbellError } from '../../domain/callbell-error.ts'
import type { Contact } from '../../domain/contact.ts'
import { attempts } from '../attempts/attempts.ts'
import type { Outcome } from '../attempts/failure.ts'
import { ContactsError, failedRead } from '../attempts/failure.ts'
import { idempotentPolicy } from '../attempts/policies.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import type { Update } from '../rules/update-rules.ts'
import { isIdempotent } from '../rules/update-rules.ts'
import { conflict, withOutcome } from './tag-failures.ts'

const unknownTags = 'the contact’s tags could not be read'
/** The account has no such contact. */
export const absent: InputProblem = {
  path: ['uuid'],
  message: 'No contact of the account has this `uuid`.',
  code: 'NOT_FOUND',
}

/**
 * Reads the contact, with retries.
 *
 * @param outcome what is known of the change if this read fails
 * @param canRepeat whether the change may be repeated if this read fails
 * @returns null where there is none
 * @throws ContactsError
 */
export async function readContactForEdit(
  callbell: CallbellClient,
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

/** Reads the contact after a write that Callbell has accepted. @throws ContactsError */
export async function readBack(
  callbell: CallbellClient,
  { uuid, changes, tags }: Update,
  context: CallContext,
): Promise<Contact> {
  // A compare-and-set that was applied would find other tags than it expects.
  const canRepeat = isIdempotent(changes) && tags?.expected === null
  const contact = await readContactForEdit(callbell, uuid, context, 'APPLIED', canRepeat)
  if (contact === null) throw conflict('the contact was deleted after it was changed', 'APPLIED', false)
  return contact
}

/**
 * Reads the contact once, within an attempt to change it.
 *
 * @throws CallbellError as of a change that was not sent, where the contact or its tags can't be read
 */
export async function readFresh(callbell: CallbellClient, uuid: string, attempt: Attempt): Promise<Contact> {
  const found = await callbell.getContactWithTags(uuid, attempt).catch((error: unknown) => {
    if (!(error instanceof CallbellError)) throw error
    const { code, message, retryAfterMs } = error
    throw new CallbellError(code, message, { progress: 'unsent', retryAfterMs, cause: error })
  })
  if (found === null) {
    throw new CallbellError('CALLBELL_REJECTED', absent.message, {
      progress: 'answered',
      status: 404,
      rejections: [{ path: ['uuid'], message: 'not found' }],
    })
  }
  if (!found.areTagsKnown) {
    throw new CallbellError('CALLBELL_INVALID_RESPONSE', unknownTags, { progress: 'unsent' })
  }
  return found.contact
}
