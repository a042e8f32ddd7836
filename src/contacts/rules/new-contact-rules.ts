/** The rules that a new contact must meet before anything is sent. */
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

/** A contact as a caller gives it: of the right types, and otherwise not yet checked. */
export interface NewContactInput extends Pick<NewContact, 'identifier' | 'source' | 'name'> {
  // GraphQL clients send null for what they leave out; to us it is the same.
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

/** Callbell's documented limit of a note. */
const longestNote = 1000
/** The limit of names and identifiers: a text column of 255 characters. */
const longestName = 255

/** Names that reach an object's prototype in careless JavaScript further down the line. */
const pollutingNames = new Set(['__proto__', 'constructor', 'prototype'])

/** As loose as can be: one @ with something on both sides, and no space. */
const emailAddress: Rule = (value) =>
  /^[^\s@]+@[^\s@]+$/.test(value) ? undefined : { message: 'must be an e-mail address', code: 'INVALID' }

const notPolluting: Rule = (value) =>
  pollutingNames.has(value) ? { message: `must not be "${value}"`, code: 'INVALID' } : undefined

export const singleLine = [wellFormed, without(controls)]
const multiLine = [wellFormed, without(controlsButLayout)]
export const name = [notBlank, atMost(longestName), wellFormed, without(controls)]
export const user = [emailAddress, wellFormed, without(controls)]
export const note = [atMost(longestNote), wellFormed, without(controlsButLayout)]
const customFieldName = [...singleLine, notPolluting]

/**
 * @param check collects what is wrong with the fields
 * @returns the fields with their one value each; undefined where there are none, or too many
 */
export function checkCustomFields(
  check: InputCheck,
  fields: NewContactInput['customFields'],
): readonly NewCustomField[] | undefined {
  if (!check.length(fields, 'customFields')) return undefined
  /** The position of each name. */
  const seen = new Map<string, string>()
  return fields?.map(({ name: fieldName, value, values }, index) => {
    const place = String(index)
    check.string(customFieldName, fieldName, 'customFields', place, 'name')
    check.string(multiLine, value, 'customFields', place, 'value')
    check.strings(singleLine, values, 'customFields', place, 'values')
    const hasValue = value !== null && value !== undefined
    const hasValues = values !== null && values !== undefined
    if (hasValue === hasValues) {
      const message = `must have exactly one of value and values, but has ${hasValue ? 'both' : 'neither'}`
      check.report({ message, code: 'INVALID' }, 'customFields', place)
    }
    const first = seen.get(fieldName)
    if (first === undefined) seen.set(fieldName, place)
    else {
      // A position, not the name: fifty messages with a long name would be many times the request.
      const message = `\`customFields.${place}.name\` is the name of \`customFields.${first}\` again.`
      check.report({ message, code: 'INVALID' }, 'customFields', place, 'name')
    }
    return { name: fieldName, value: value ?? values ?? '' }
  })
}

/**
 * Checks an input against all rules.
 *
 * @returns the contact, byte for byte as given, or everything that is wrong with it at once (the
 *   first 50 where it is more)
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
