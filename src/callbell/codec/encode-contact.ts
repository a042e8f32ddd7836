/** Encodes contacts for Callbell, and maps its parameter names back to paths of the input. Pure. */
import type { ContactChanges, NewContact } from '../../domain/contact.ts'

/** Keys of `NewContact` by Callbell's parameter names. */
const keyByParameter: Readonly<Record<string, keyof NewContact>> = {
  identifier: 'identifier',
  source: 'source',
  name: 'name',
  tags: 'tags',
  custom_fields: 'customFields',
  assigned_user: 'assignedUser',
  unassign_user: 'assignedUser',
  team_uuid: 'teamUuid',
  channel_uuid: 'channelUuid',
  bot_status: 'botStatus',
  note: 'note',
}

/**
 * Encodes the JSON body of `POST /contacts`, with keys in snake_case. Strings are sent unchanged. An
 * `undefined` value is absent, never null: how Callbell treats a null is not documented.
 */
export function encodeNewContact(contact: NewContact): string {
  return JSON.stringify({
    identifier: contact.identifier,
    source: contact.source,
    name: contact.name,
    tags: contact.tags,
    custom_fields: contact.customFields && toObject(contact.customFields),
    assigned_user: contact.assignedUser,
    team_uuid: contact.teamUuid,
    channel_uuid: contact.channelUuid,
    bot_status: contact.botStatus && `bot_${contact.botStatus}`,
    note: contact.note,
  })
}

/** Encodes the JSON body of `PATCH /contacts/:uuid`. Callbell keeps the values of absent keys. */
export function encodeChanges(changes: ContactChanges): string {
  return JSON.stringify({
    name: changes.name,
    tags: changes.tags,
    custom_fields: changes.customFields && toObject(changes.customFields),
    assigned_user: changes.assignedUser ?? undefined,
    // Callbell has a separate parameter to unassign.
    unassign_user: changes.assignedUser === null ? true : undefined,
    team_uuid: changes.teamUuid,
    bot_status: changes.botStatus && `bot_${changes.botStatus}`,
    note: changes.note,
  })
}

/** `fromEntries` defines own keys, so that `__proto__` does not change the prototype. */
function toObject(fields: NonNullable<NewContact['customFields']>): object {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]))
}

/** A parameter of Callbell as a path of the contact that was sent. */
export interface InputPath {
  /** The path inside the contact; null for a parameter that the gateway does not send. */
  readonly path: readonly string[] | null
  /** The rest of the parameter's path, which `path` does not contain. */
  readonly rest: readonly string[]
}

/**
 * Maps Callbell's parameters to paths in the contact: `['custom_fields', 'Age']` is `['customFields', '0', 'value']`
 * if "Age" is the first custom field. So is `['custom_fields']` with a message that quotes "Age". A path contains
 * only the contact's own keys and positions, because an answer may contain anything.
 */
export function createInputPathOf({
  customFields = [],
  tags = [],
}: NewContact | ContactChanges): (
  parameter: readonly string[],
  status: number,
  message: string,
) => InputPath {
  /** @returns the path of an item in a list of the contact; undefined if it is not there */
  function itemPath(key: keyof NewContact, item: string): readonly string[] | undefined {
    if (key === 'customFields') {
      const position = customFields.findIndex(({ name }) => name === item)
      const field = customFields[position]
      return field && [key, String(position), typeof field.value === 'string' ? 'value' : 'values']
    }
    if (key !== 'tags') return undefined
    const isPosition = /^(?:0|[1-9]\d{0,5})$/.test(item) && Number(item) < tags.length
    return isPosition ? [key, item] : undefined
  }

  /** @returns the path of the one item that the message quotes */
  function quotedPath(key: keyof NewContact, message: string): readonly string[] | undefined {
    const quoted = new Set(Array.from(message.matchAll(/"([^"]+)"/g), ([, item]) => item))
    const items = key === 'tags' ? tags : customFields.map(({ name }) => name)
    const named = [...new Set(items)].filter((item) => quoted.has(item))
    const [item] = named
    if (item === undefined || named.length > 1) return undefined
    return itemPath(key, key === 'tags' ? String(tags.indexOf(item)) : item)
  }

  return (parameter, _status, message) => {
    const [name = '', item, ...rest] = parameter
    const key = Object.hasOwn(keyByParameter, name) ? keyByParameter[name] : undefined
    if (key === undefined) return { path: null, rest: parameter }
    const isList = key === 'tags' || key === 'customFields'
    if (item === undefined) return { path: (isList && quotedPath(key, message)) || [key], rest: [] }
    const path = itemPath(key, item)
    return path === undefined ? { path: [key], rest: parameter.slice(1) } : { path, rest }
  }
}
