/** Adding a note to a contact's conversation: checked first, added once, and its outcome named. */
import type { CallContext } from '../../domain/call-context.ts'
import type { CallbellClient } from '../../callbell/client.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import {
  checkIdempotencyKey,
  controlsButLayout,
  InputCheck,
  notBlank,
  pathSegment,
  wellFormed,
  without,
} from '../rules/input-rules.ts'
import type { CreateOnceParts } from './create-once.ts'
import { createOnce } from './create-once.ts'
import type { NewNote } from './note-creation.ts'
import { createNoteOperation } from './note-creation.ts'

export interface AddNoteInput extends NewNote {
  /** Names this note: repeated with the same key, it is the same note. */
  readonly idempotencyKey?: string | null | undefined
}

export interface AddNoteResult {
  /** False where there are problems. */
  readonly isAdded: boolean
  readonly problems: readonly InputProblem[]
  /** Whether this is the result of an earlier call with the same key. */
  readonly replayed: boolean
}

/** No limit of a conversation's notes is documented: only the note of a contact has one. */
const noteText = [notBlank, wellFormed, without(controlsButLayout)]

/**
 * @param context its caller owns the idempotency key
 * @returns whether it was added, or what its giver can mend
 * @throws ContactsFailure for everything else, with the outcome
 */
export async function addNote(
  callbell: CallbellClient,
  parts: CreateOnceParts,
  { idempotencyKey, ...input }: AddNoteInput,
  context: CallContext,
): Promise<AddNoteResult> {
  const key = idempotencyKey ?? undefined
  const check = new InputCheck()
  check.string([pathSegment], input.uuid, 'uuid')
  check.string(noteText, input.text, 'text')
  const problems = [...checkIdempotencyKey(key), ...check.problems]
  if (problems.length > 0) return { isAdded: false, problems, replayed: false }
  const result = await createOnce(parts, key, createNoteOperation(callbell, input), context)
  if ('problems' in result) return { isAdded: false, problems: result.problems, replayed: false }
  return { isAdded: result.made, problems: [], replayed: result.replayed }
}
