/** The rules that an update must meet before anything is sent. */
import type { BotStatus, ContactChanges } from '../../domain/contact.ts'
import type { ChangeProblem } from './mutation-result.ts'
import { problemsOfUuid } from './mutation-result.ts'
import { InputCheck } from './input-rules.ts'
import type { NewContactInput } from './new-contact-rules.ts'
import { checkCustomFields, name, note, singleLine, user } from './new-contact-rules.ts'
import type { TagEdit } from './tag-edit.ts'

/** A key that is left out stays as it is; null clears what Callbell can clear. */
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

/** What an update is to do, checked. */
export interface Update {
  readonly uuid: string
  /** Of everything but the tags. */
  readonly changes: Omit<ContactChanges, 'tags'>
  readonly tags: TagEdit | null
}

/** What Callbell has no way to clear. */
const neverNull = ['name', 'tags', 'addTags', 'removeTags', 'customFields', 'teamUuid', 'botStatus'] as const

/**
 * Whether an update comes to the same however often it is carried out. Nobody knows whether a bot that is
 * started twice greets the customer twice.
 */
export function isIdempotent({ botStatus }: Update['changes']): boolean {
  return botStatus !== 'start'
}

/** @returns what is to be done, or everything that is wrong with the input at once */
export function checkUpdate(
  input: UpdateContactInput,
): { readonly update: Update } | { readonly problems: readonly ChangeProblem[] } {
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
  const problems: ChangeProblem[] = [
    ...problemsOfUuid(uuid),
    ...neverNull
      .filter((key) => given[key] === null)
      .map((key) => invalid(key, key === 'tags' ? 'must not be null; [] removes all' : 'can’t be cleared')),
    ...check.problems,
    ...(check.problems.length === 0 ? problemsOfTags(given) : []),
    ...(isEmpty(given) ? [{ path: null, message: 'must change something', code: 'BLANK' as const }] : []),
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

function problemsOfTags({ tags, addTags, removeTags }: Partial<UpdateContactInput>): ChangeProblem[] {
  const both = tags && (addTags?.length ?? 0) + (removeTags?.length ?? 0) > 0
  const added = new Set(addTags)
  const again = removeTags?.findIndex((tag) => added.has(tag)) ?? -1
  return [
    ...(both ? [invalid('tags', 'must not be given together with addTags or removeTags')] : []),
    ...(again < 0 ? [] : [invalid('removeTags', 'must not have a tag of addTags', String(again))]),
  ]
}

/** Whether nothing is to be changed. `expectedTags` alone changes nothing, and neither does an empty list. */
function isEmpty({ expectedTags: _expected, tags, ...given }: Partial<UpdateContactInput>): boolean {
  const others = Object.values(given)
  // An empty list of `tags` is no exception: it removes all.
  return (
    tags === undefined &&
    others.every((value) => value === undefined || (Array.isArray(value) && value.length === 0))
  )
}

function invalid(key: string, message: string, ...rest: string[]): ChangeProblem {
  return { path: [key, ...rest], message, code: 'INVALID' }
}
