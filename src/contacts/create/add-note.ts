/** Adds a note to a contact's conversation: checks its input, adds it once, and reports the outcome. */
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
  /** Identifies this note: a repeat with the same key is the same note. */
  readonly idempotencyKey?: string | null | undefined
}

export interface AddNoteResult {
  /** False if there are problems. */
  readonly isAdded: boolean
  readonly problems: readonly InputProblem[]
  /** Whether this is the result of an earlier call with the same key. */
  readonly replayed: boolean
}

/** Callbell documents no limit for the notes of a conversation, only for the note of a contact. */
const noteText = [notBlank, wellFormed, without(controlsButLayout)]

/**
 * @param context its caller owns the idempotency key
 * @returns whether it was added, or the problems that the caller can fix
 * @throws ContactsError for everything else, with the outcome
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
  const problems = [...checkIdempotencyKey(key, parts.isKeyRequired), ...check.problems]
  if (problems.length > 0) return { isAdded: false, problems, replayed: false }
  const result = await createOnce(parts, key, createNoteOperation(callbell, input), context)
  if ('problems' in result) return { isAdded: false, problems: result.problems, replayed: false }
  return { isAdded: result.made, problems: [], replayed: result.replayed }
}
