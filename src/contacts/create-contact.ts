/** Creating a contact: checked first, created once, and its outcome named. */
import type { Origin } from '../caller.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { Contact } from '../contact.ts'
import type { Idempotency } from './idempotency.ts'
import type { InputProblem, NewContactInput } from './new-contact-rules.ts'
import { checkIdempotencyKey, checkNewContact } from './new-contact-rules.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Sender } from './send-contact.ts'

export interface CreateContactInput extends NewContactInput {
  /** Names this create: repeated with the same key, it is the same create. */
  readonly idempotencyKey?: string | null | undefined
}

/** Why a contact was not created, in terms of the input; `REJECTED`: by Callbell itself. */
export interface CreateContactProblem {
  /** Path inside the input; null where no part of it is to blame. */
  readonly path: readonly string[] | null
  readonly message: string
  readonly code: InputProblem['code'] | 'REJECTED'
}

export interface CreateContactResult {
  /** Null where there are problems. */
  readonly contact: Contact | null
  readonly problems: readonly CreateContactProblem[]
  /** Whether this is the result of an earlier call with the same key. */
  readonly replayed: boolean
}

export interface CreateContactParts {
  readonly sender: Sender
  readonly budget: RetryBudget
  readonly idempotency: Idempotency
}

/**
 * Once it has started, nothing but its own deadline ends it: a POST that has left is not aborted
 * because its caller went away, as that would only hide its outcome.
 *
 * @param origin whose idempotency keys these are
 * @param deadline on the clock of `performance.now()`
 * @returns the contact as Callbell holds it, or what its giver can mend
 * @throws ContactsFailure for everything else, with the outcome
 */
export async function createContact(
  { sender, budget, idempotency }: CreateContactParts,
  { idempotencyKey, ...input }: CreateContactInput,
  origin: Origin,
  deadline: number,
): Promise<CreateContactResult> {
  const key = idempotencyKey ?? undefined
  const checked = checkNewContact(input)
  const problems = [...checkIdempotencyKey(key), ...('problems' in checked ? checked.problems : [])]
  if (!('contact' in checked) || problems.length > 0) return { contact: null, problems, replayed: false }
  budget.earn()
  const sending = { contact: checked.contact, origin, deadline }
  try {
    // Without a key nothing is stored, and nothing is slower.
    if (key === undefined) return { contact: await sender.send(sending), problems: [], replayed: false }
    return { ...(await idempotency.create(origin.caller.name, key, sending)), problems: [] }
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    const rejected = error.rejections.map(({ path, message }) => ({
      path,
      message,
      code: 'REJECTED' as const,
    }))
    return { contact: null, problems: rejected, replayed: false }
  }
}
