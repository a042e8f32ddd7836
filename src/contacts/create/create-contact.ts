/** Creates a contact: checks its input, creates it once, and reports the outcome. */
import type { CallContext } from '../../domain/call-context.ts'
import type { CallbellClient } from '../../callbell/client.ts'
import type { Contact } from '../../domain/contact.ts'
import { createContactOperation } from './contact-creation.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import { checkIdempotencyKey } from '../rules/input-rules.ts'
import type { CreateOnceParts } from './create-once.ts'
import { createOnce } from './create-once.ts'
import type { NewContactInput } from '../rules/new-contact-rules.ts'
import { checkNewContact } from '../rules/new-contact-rules.ts'

export interface CreateContactInput extends NewContactInput {
  /** Identifies this create: a repeat with the same key is the same create. */
  readonly idempotencyKey?: string | null | undefined
}

export interface CreateContactResult {
  /** Null if there are problems. */
  readonly contact: Contact | null
  readonly problems: readonly InputProblem[]
  /** Whether this is the result of an earlier call with the same key. */
  readonly replayed: boolean
}

/**
 * @param context its caller owns the idempotency key
 * @returns the contact as Callbell stores it, or the problems that the caller can fix
 * @throws ContactsError for everything else, with the outcome
 */
export async function createContact(
  callbell: CallbellClient,
  parts: CreateOnceParts,
  input: CreateContactInput,
  context: CallContext,
): Promise<CreateContactResult> {
  const key = input.idempotencyKey ?? undefined
  const checked = checkNewContact(input)
  const keyProblems = checkIdempotencyKey(key, parts.isKeyRequired)
  if ('problems' in checked || keyProblems.length > 0) {
    const problems = [...keyProblems, ...('problems' in checked ? checked.problems : [])]
    return { contact: null, problems, replayed: false }
  }
  const result = await createOnce(parts, key, createContactOperation(callbell, checked.contact), context)
  if ('problems' in result) return { contact: null, problems: result.problems, replayed: false }
  return { contact: result.made, problems: [], replayed: result.replayed }
}
