/** The rules of an update, checked before anything is sent. */
import type { BotStatus, ContactChanges } from '../../domain/contact.ts'
import type { InputProblem } from './input-rules.ts'
import { InputCheck, problemsOfUuid } from './input-rules.ts'
import type { NewContactInput } from './new-contact-rules.ts'
import { checkCustomFields, name, note, singleLine, user } from './new-contact-rules.ts'

/** An omitted key stays unchanged. Null clears what Callbell can clear. */
export interface UpdateContactInput {
  readonly uuid: string
  readonly name?: string | null | undefined
  readonly note?: string | null | undefined
  readonly assignedUser?: string | null | undefined
  readonly tags?: readonly string[] | null | undefined
  readonly addTags?: readonly string[] | null | undefined
  readonly removeTags?: readonly string[] | null | undefined
  readonly expectedTags?: readonly string[] | null | undefined
  readonly customFields?: NewContactInput['customFields']
  readonly teamUuid?: string | null | undefined
  readonly botStatus?: BotStatus | null | undefined
}

/** A new list of tags, or an edit of the existing list. */
export interface TagEdit {
  readonly replacement: readonly string[] | null
  readonly add: readonly string[]
  readonly remove: readonly string[]
  /** The list that the edit requires. Null: any list. */
  readonly expected: readonly string[] | null
}

/** A checked update. */
export interface Update {
  readonly uuid: string
  /** All changes except those of the tags. */
  readonly changes: Omit<ContactChanges, 'tags'>
  readonly tags: TagEdit | null
}

/** What Callbell cannot clear. */
const neverNull = ['name', 'tags', 'addTags', 'removeTags', 'customFields', 'teamUuid', 'botStatus'] as const

/**
 * Whether an update is idempotent. It is unknown whether a bot that is started twice greets the customer
 * twice.
 */
export function isIdempotent({ botStatus }: Update['changes']): boolean {
  return botStatus !== 'start'
}

/** @returns the update, or all problems of the input at once */
export function checkUpdate(
  input: UpdateContactInput,
): { readonly update: Update } | { readonly problems: readonly InputProblem[] } {
  const { uuid, ...given } = input
  const { tags, addTags, removeTags, expectedTags } = given
  const check = new InputCheck()
  check.string(name, given.name, 'name')
  check.string(note, given.note, 'note')
  check.string(user, given.assignedUser, 'assignedUser')
  check.strings(singleLine, tags, 'tags')
  check.strings(singleLine, addTags, 'addTags')
  check.strings(singleLine, removeTags, 'removeTags')
  check.length(expectedTags, 'expectedTags')
  const customFields = checkCustomFields(check, given.customFields)
  check.string(singleLine, given.teamUuid, 'teamUuid')
  const problems: InputProblem[] = [
    ...problemsOfUuid(uuid),
    ...neverNull
      .filter((key) => given[key] === null)
      .map((key) =>
        invalidValue(
          key === 'tags' ? '`tags` cannot be null. `[]` removes all tags.' : `\`${key}\` cannot be cleared.`,
          key,
        ),
      ),
    ...check.problems,
    ...(check.problems.length === 0 ? problemsOfTags(given) : []),
    ...(isEmpty(given) ? [nothingToUpdate] : []),
  ]
  if (problems.length > 0) return { problems }
  const add = addTags ?? []
  const remove = removeTags ?? []
  const isEdit = tags || add.length > 0 || remove.length > 0 || expectedTags
  return {
    update: {
      uuid,
      changes: {
        name: given.name ?? undefined,
        // Callbell clears a note by an empty one.
        note: given.note === null ? '' : given.note,
        assignedUser: given.assignedUser,
        customFields: customFields?.length ? customFields : undefined,
        teamUuid: given.teamUuid ?? undefined,
        botStatus: given.botStatus ?? undefined,
      },
      tags: isEdit ? { replacement: tags ?? null, add, remove, expected: expectedTags ?? null } : null,
    },
  }
}

const nothingToUpdate: InputProblem = { path: null, message: 'Nothing to update.', code: 'NOTHING_TO_UPDATE' }

function problemsOfTags({ tags, addTags, removeTags }: Partial<UpdateContactInput>): InputProblem[] {
  const both = tags && (addTags?.length ?? 0) + (removeTags?.length ?? 0) > 0
  const added = new Set(addTags)
  const again = removeTags?.findIndex((tag) => added.has(tag)) ?? -1
  return [
    ...(both ? [invalidValue('`tags` cannot be combined with `addTags` or `removeTags`.', 'tags')] : []),
    ...(again < 0
      ? []
      : [invalidValue(`\`removeTags.${again}\` is in \`addTags\`, too.`, 'removeTags', String(again))]),
  ]
}

/** Whether an update has no change. `expectedTags` alone changes nothing, and neither does an empty list. */
function isEmpty({ expectedTags: _expected, tags, ...given }: Partial<UpdateContactInput>): boolean {
  const others = Object.values(given)
  // `tags` is a change even if it is empty: it removes all.
  return (
    tags === undefined &&
    others.every((value) => value === undefined || (Array.isArray(value) && value.length === 0))
  )
}

function invalidValue(message: string, ...path: string[]): InputProblem {
  return { path, message, code: 'INVALID' }
}
