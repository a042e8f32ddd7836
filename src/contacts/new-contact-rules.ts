/** The rules that a new contact must meet before anything is sent. */
import { z } from 'zod'
import type { NewContact } from '../contact.ts'
import { botStatuses, contactSources } from '../contact.ts'
import type { InputProblem, Rule } from './input-rules.ts'
import {
  atMost,
  checkInput,
  controls,
  controlsButLayout,
  notBlank,
  text,
  wellFormed,
  without,
} from './input-rules.ts'

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

export const singleLine = text(wellFormed, without(controls))
const multiLine = text(wellFormed, without(controlsButLayout))
export const name = text(notBlank, atMost(longestName), wellFormed, without(controls))

const customField = z
  .object({
    name: text(wellFormed, without(controls), notPolluting),
    value: multiLine.nullish(),
    values: z.array(singleLine).nullish(),
  })
  .transform((field, context) => {
    const given = [field.value, field.values].filter((value) => value !== null && value !== undefined)
    const [value] = given
    if (value === undefined || given.length > 1) {
      const message = `must have exactly one of value and values, but has ${value === undefined ? 'neither' : 'both'}`
      context.addIssue({ code: 'custom', message, params: { code: 'INVALID' } })
      return z.NEVER
    }
    return { name: field.name, value }
  })

export const customFields = z.array(customField).check((context) => {
  const seen = new Set<string>()
  for (const [index, field] of context.value.entries()) {
    if (seen.has(field.name)) {
      context.issues.push({
        code: 'custom',
        input: field.name,
        path: [index, 'name'],
        message: `must not be repeated: "${field.name}" was given before`,
        params: { code: 'INVALID' },
      })
    }
    seen.add(field.name)
  }
})

/** GraphQL clients send null for what they leave out; to us it is the same. */
function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

export const user = text(emailAddress, wellFormed, without(controls))
export const note = text(atMost(longestNote), wellFormed, without(controlsButLayout))

const newContact = z.object({
  identifier: name,
  source: z.enum(contactSources),
  name,
  tags: optional(z.array(singleLine)),
  customFields: optional(customFields),
  assignedUser: optional(user),
  teamUuid: optional(singleLine),
  channelUuid: optional(singleLine),
  botStatus: optional(z.enum(botStatuses)),
  note: optional(note),
}) satisfies z.ZodType<NewContact>

/** What `checkNewContact` takes: a contact as a caller gives it, not yet checked. */
export type NewContactInput = z.input<typeof newContact>

/**
 * Checks an input against all rules.
 *
 * @returns the contact, byte for byte as given, or everything that is wrong with it at once (the
 *   first 50 where it is more)
 */
export function checkNewContact(
  input: NewContactInput,
): { readonly contact: NewContact } | { readonly problems: readonly InputProblem[] } {
  const checked = checkInput(newContact, input)
  return 'problems' in checked ? checked : { contact: checked.value }
}
