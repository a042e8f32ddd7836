/** The rules of a new contact, checked before anything is sent. */
import type { BotStatus, NewContact, NewCustomField } from '../../domain/contact.ts'
import type { InputProblem, Rule } from './input-rules.ts'
import {
  atMost,
  controls,
  controlsButLayout,
  InputCheck,
  notBlank,
  wellFormed,
  without,
} from './input-rules.ts'

/** A contact as the caller gives it: its types are right, and nothing else is checked yet. */
export interface NewContactInput extends Pick<NewContact, 'identifier' | 'source' | 'name'> {
  // GraphQL clients send null for what they leave out. Here it means the same.
  readonly tags?: readonly string[] | null | undefined
  readonly customFields?: readonly CustomFieldInput[] | null | undefined
  readonly assignedUser?: string | null | undefined
  readonly teamUuid?: string | null | undefined
  readonly channelUuid?: string | null | undefined
  readonly botStatus?: BotStatus | null | undefined
  readonly note?: string | null | undefined
}

export interface CustomFieldInput {
  readonly name: string
  readonly value?: string | null | undefined
  readonly values?: readonly string[] | null | undefined
}

/** Callbell's documented limit of a note, in characters. */
const maxNoteLength = 1000
/** The limit of names and identifiers in characters: that of a usual text column. */
const maxNameLength = 255

/** Names that can reach an object's prototype in careless JavaScript that processes them later. */
const pollutingNames = new Set(['__proto__', 'constructor', 'prototype'])

/** As loose as possible: one @ with characters on both sides, and no space. */
const emailAddress: Rule = (value) =>
  /^[^\s@]+@[^\s@]+$/.test(value)
    ? undefined
    : { predicate: 'is not a valid e-mail address', code: 'INVALID' }

const notPolluting: Rule = (value) =>
  pollutingNames.has(value) ? { predicate: `must not be "${value}"`, code: 'INVALID' } : undefined

export const singleLine = [wellFormed, without(controls)]
const multiLine = [wellFormed, without(controlsButLayout)]
export const name = [notBlank, atMost(maxNameLength), wellFormed, without(controls)]
export const user = [emailAddress, wellFormed, without(controls)]
export const note = [atMost(maxNoteLength), wellFormed, without(controlsButLayout)]
const customFieldName = [...singleLine, notPolluting]

/**
 * Checks custom fields: their names, and that each has one value.
 *
 * @param check collects the problems
 * @returns the fields with their values; undefined if there are none, or too many
 */
export function checkCustomFields(
  check: InputCheck,
  fields: NewContactInput['customFields'],
): readonly NewCustomField[] | undefined {
  if (!check.length(fields, 'customFields')) return undefined
  /** The position of each name. */
  const seen = new Map<string, string>()
  return fields?.map(({ name: fieldName, value, values }, position) => {
    const index = String(position)
    check.string(customFieldName, fieldName, 'customFields', index, 'name')
    check.string(multiLine, value, 'customFields', index, 'value')
    check.strings(singleLine, values, 'customFields', index, 'values')
    const hasValue = value !== null && value !== undefined
    const hasValues = values !== null && values !== undefined
    if (hasValue === hasValues) {
      const message = `Provide either \`value\` or \`values\` in \`customFields.${index}\`${hasValue ? ', not both' : ''}.`
      check.add({ path: ['customFields', index], message, code: 'INVALID' })
    }
    const first = seen.get(fieldName)
    if (first === undefined) seen.set(fieldName, index)
    else {
      // A position, not the name: fifty messages with a long name would be many times the request.
      const predicate = `repeats the name of \`customFields.${first}\``
      check.report({ predicate, code: 'INVALID' }, 'customFields', index, 'name')
    }
    return { name: fieldName, value: value ?? values ?? '' }
  })
}

/**
 * Checks an input against all rules.
 *
 * @returns the contact, unchanged byte for byte, or all problems at once (the first 50 if there are more)
 */
export function checkNewContact(
  input: NewContactInput,
): { readonly contact: NewContact } | { readonly problems: readonly InputProblem[] } {
  const check = new InputCheck()
  check.string(name, input.identifier, 'identifier')
  check.string(name, input.name, 'name')
  check.strings(singleLine, input.tags, 'tags')
  const customFields = checkCustomFields(check, input.customFields)
  check.string(user, input.assignedUser, 'assignedUser')
  check.string(singleLine, input.teamUuid, 'teamUuid')
  check.string(singleLine, input.channelUuid, 'channelUuid')
  check.string(note, input.note, 'note')
  const { problems } = check
  if (problems.length > 0) return { problems }
  return {
    contact: {
      identifier: input.identifier,
      source: input.source,
      name: input.name,
      tags: input.tags ?? undefined,
      customFields,
      assignedUser: input.assignedUser ?? undefined,
      teamUuid: input.teamUuid ?? undefined,
      channelUuid: input.channelUuid ?? undefined,
      botStatus: input.botStatus ?? undefined,
      note: input.note ?? undefined,
    },
  }
}
