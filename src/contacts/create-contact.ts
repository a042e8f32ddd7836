/** Creating a contact: checked first, sent once, and its outcome named. */
import type { CallbellClient } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { Contact, NewContact } from '../contact.ts'
import { failedChange } from './failure.ts'
import type { InputProblem, NewContactInput } from './new-contact-rules.ts'
import { checkNewContact } from './new-contact-rules.ts'

/** Why a contact was not created, in terms of the input; `REJECTED`: by Callbell itself. */
export interface CreateContactProblem {
  /** Path inside the input; null where no part of it is to blame. */
  readonly path: readonly string[] | null
  readonly message: string
  readonly code: InputProblem['code'] | 'REJECTED'
}

export type CreateContactResult =
  | { readonly contact: Contact; readonly problems: readonly [] }
  | { readonly contact: null; readonly problems: readonly CreateContactProblem[] }

/**
 * @param deadline bounds the whole call. Nothing else ends it: a POST that has left is not
 *   aborted because a caller went away, as that would only hide its outcome.
 * @returns the contact as Callbell holds it, or what its giver can mend
 * @throws ContactsFailure for everything else, with the outcome
 */
export async function createContact(
  callbell: CallbellClient,
  input: NewContactInput,
  deadline: AbortSignal,
): Promise<CreateContactResult> {
  const checked = checkNewContact(input)
  if ('problems' in checked) return { contact: null, problems: checked.problems }
  return await send(callbell, checked.contact, deadline)
}

async function send(
  callbell: CallbellClient,
  contact: NewContact,
  deadline: AbortSignal,
): Promise<CreateContactResult> {
  try {
    return { contact: await callbell.createContact(contact, deadline), problems: [] }
  } catch (error) {
    if (error instanceof CallbellError && error.code === 'CALLBELL_REJECTED') {
      const problems = error.rejections.map((rejection) => ({ ...rejection, code: 'REJECTED' as const }))
      return { contact: null, problems }
    }
    throw failedChange(error)
  }
}
