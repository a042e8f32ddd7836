/** The sandbox's reading of `POST /contacts`: what is documented, and the least forgiving guess for the rest. */
import type { FieldType } from './account.ts'
import { channels, customFields, tags, teams, users } from './account.ts'

/** The parameters of `POST /contacts`, once checked. */
export interface Parameters {
  readonly identifier: string
  readonly source: string
  readonly name: string
  readonly tags?: readonly string[]
  readonly custom_fields?: Readonly<Record<string, string | readonly string[]>>
  readonly assigned_user?: string
  readonly team_uuid?: string
  readonly channel_uuid?: string
  readonly bot_status?: string
  readonly note?: string
}

/** Reasons by parameter, as Callbell writes them under `error`. */
export type Complaints = Record<string, string[]>

type Check = (value: unknown) => string[]

const requiredParameters = ['identifier', 'source', 'name']

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['identifier', isFilledText],
  ['name', isFilledText],
  ['source', isOneOf(['whatsapp', 'facebook', 'instagram', 'telegram'])],
  ['tags', isListOf((tag) => (isIn(tags, tag) ? [] : [`tag ${quote(tag)} does not exist`]))],
  ['custom_fields', areCustomFields],
  ['assigned_user', (user) => (isIn(users, user) ? [] : ['must be the e-mail of a confirmed user'])],
  ['team_uuid', exists(teams)],
  ['channel_uuid', exists(channels)],
  ['bot_status', isOneOf(['bot_start', 'bot_end'])],
  [
    'note',
    (note) => (isText(note) && Array.from(note).length <= 1000 ? [] : ['must be a text of at most 1000']),
  ],
])

/** What is wrong with a parsed body, by parameter. */
export function complaintsAbout(body: unknown): Complaints {
  const given = new Map(typeof body === 'object' && body !== null ? Object.entries(body) : [])
  const complaints: Complaints = {}
  for (const parameter of requiredParameters) {
    if (!given.has(parameter)) complaints[parameter] = ['must be present and not empty']
  }
  for (const [parameter, value] of given) {
    const found = checks.get(parameter)?.(value) ?? ['is not a parameter of this call']
    if (found.length > 0) complaints[parameter] = found
  }
  const channel = channels.find(({ uuid }) => uuid === given.get('channel_uuid'))
  if (channel && channel.type !== given.get('source')) complaints['channel_uuid'] = ['is of another source']
  return complaints
}

/** A body without complaints is what `Parameters` says: the checks make it so. */
export function isAccepted(body: unknown): body is Parameters {
  return Object.keys(complaintsAbout(body)).length === 0
}

function areCustomFields(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['must be an object']
  return Object.entries(value).flatMap(([name, content]) => {
    const field = customFields.get(name)
    return field === undefined ? [`field ${quote(name)} does not exist`] : checkField(name, field, content)
  })
}

function checkField(name: string, field: FieldType, value: unknown): string[] {
  if (field.type === 'checkbox') {
    const isChoice = Array.isArray(value) && value.every((option) => isIn(field.options, option))
    return isChoice ? [] : [`${quote(name)} must be a list of ${field.options.join(', ')}`]
  }
  // Seen on the live API: a JSON number or boolean is refused even for a number field.
  if (!isText(value)) return [`${quote(name)} must be a string`]
  if (field.type === 'dropdown') {
    return isIn(field.options, value) ? [] : [`${quote(name)} must be one of ${field.options.join(', ')}`]
  }
  const isReal = field.type !== 'date' || !Number.isNaN(Date.parse(value))
  return isReal && forms[field.type].test(value) ? [] : [`${quote(name)} must be a valid ${field.type}`]
}

const forms = {
  text: /^/,
  email: /^[^\s@]+@[^\s@]+$/,
  number: /^-?\d+(?:\.\d+)?$/,
  date: /^\d{4}-\d\d-\d\d$/,
} as const

function isFilledText(value: unknown): string[] {
  return isText(value) && value.trim() !== '' ? [] : ['must be present and not empty']
}

function isOneOf(words: readonly string[]): Check {
  return (value) => (isIn(words, value) ? [] : [`must be one of ${words.join(', ')}`])
}

function isListOf(check: Check): Check {
  return (value) => (Array.isArray(value) ? value.flatMap(check) : ['must be a list'])
}

function exists(things: readonly { readonly uuid: string }[]): Check {
  return (uuid) => (things.some((thing) => thing.uuid === uuid) ? [] : ['does not exist'])
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isIn(words: readonly string[], value: unknown): boolean {
  return isText(value) && words.includes(value)
}

function quote(value: unknown): string {
  return JSON.stringify(value)
}
