/**
 * The rules that a new contact must meet before anything is sent. They refuse only what Callbell
 * certainly refuses: whatever it may accept is Callbell's to judge.
 */
import { z } from 'zod'
import type { NewContact } from '../contact.ts'
import { botStatuses, contactSources } from '../contact.ts'

export type ProblemCode = 'BLANK' | 'TOO_LONG' | 'INVALID'

/** One thing that is wrong with an input: where (path inside the input), what, and of which kind. */
export interface InputProblem {
  readonly path: readonly string[]
  readonly message: string
  readonly code: ProblemCode
}

/** Callbell's documented limit of a note. */
const longestNote = 1000
/** The limit of names and identifiers: a text column of 255 characters. */
const longestName = 255

/** Names that reach an object's prototype in careless JavaScript further down the line. */
const pollutingNames = new Set(['__proto__', 'constructor', 'prototype'])

/** All control characters, and all but those that lay out a text of several lines. */
const controls = /\p{Cc}/u
const controlsButLayout = /(?![\t\n\r])\p{Cc}/u

/** A rule: what is wrong with a text, or nothing. */
type Rule = (value: string) => { message: string; code: ProblemCode } | undefined

const notBlank: Rule = (value) =>
  value.trim() === '' ? { message: 'must not be blank', code: 'BLANK' } : undefined

/** Characters are code points, as a database counts them: an emoji is one. */
function atMost(limit: number): Rule {
  return (value) => {
    const length = value.length > limit ? Array.from(value).length : value.length
    return length > limit
      ? { message: `must have at most ${limit} characters, but has ${length}`, code: 'TOO_LONG' }
      : undefined
  }
}

function without(characters: RegExp): Rule {
  return (value) => {
    const found = characters.exec(value)?.[0].codePointAt(0)
    return found === undefined
      ? undefined
      : { message: `must not contain the control character ${codePointName(found)}`, code: 'INVALID' }
  }
}

/** Half of a surrogate pair has no UTF-8 form: it could not be sent as it is. */
const wellFormed: Rule = (value) =>
  value.isWellFormed() ? undefined : { message: 'must be well-formed Unicode text', code: 'INVALID' }

/** As loose as can be: one @ with something on both sides, and no space. */
const emailAddress: Rule = (value) =>
  /^[^\s@]+@[^\s@]+$/.test(value) ? undefined : { message: 'must be an e-mail address', code: 'INVALID' }

const notPolluting: Rule = (value) =>
  pollutingNames.has(value) ? { message: `must not be "${value}"`, code: 'INVALID' } : undefined

function codePointName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** A text that meets all rules; the first one broken is told. */
function text(...rules: Rule[]) {
  return z.string().check((context) => {
    for (const rule of rules) {
      const broken = rule(context.value)
      if (broken) {
        context.issues.push({
          code: 'custom',
          input: context.value,
          message: broken.message,
          params: { code: broken.code },
        })
        return
      }
    }
  })
}

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
export function optional<T extends z.ZodType>(schema: T) {
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

/** Of a list of thousands, each with a mistake, nobody reads more; the answer would be a multiple of it. */
const mostProblems = 50

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
  const parsed = newContact.safeParse(input)
  return parsed.success ? { contact: parsed.data } : { problems: problemsOf(parsed.error) }
}

/** What a validator found, in terms of the input. */
export function problemsOf({ issues }: z.ZodError): InputProblem[] {
  return issues.slice(0, mostProblems).map((issue) => ({
    path: issue.path.map(String),
    message: issue.message,
    code: issue.code === 'custom' ? codeOf(issue.params) : 'INVALID',
  }))
}

const longestKey = 255

/** Checks an idempotency key: 1 to 255 characters that can be printed. */
export function checkIdempotencyKey(key: string | undefined): readonly InputProblem[] {
  if (key === undefined) return []
  // Without them: controls, format characters, surrogates, private and unassigned code points, line ends.
  const isPrintable = !/[\p{C}\p{Zl}\p{Zp}]/u.test(key)
  const length = Array.from(key).length
  if (isPrintable && length >= 1 && length <= longestKey) return []
  const message = `must be 1 to ${longestKey} printable characters`
  return [{ path: ['idempotencyKey'], message, code: length > longestKey ? 'TOO_LONG' : 'INVALID' }]
}

function codeOf(params: Record<string, unknown> | undefined): ProblemCode {
  const code = params?.['code']
  return code === 'BLANK' || code === 'TOO_LONG' ? code : 'INVALID'
}
