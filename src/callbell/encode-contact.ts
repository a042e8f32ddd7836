/** From a `NewContact` to the JSON body of `POST /contacts`, and from its parameter names back. Pure. */
import type { NewContact } from '../contact.ts'

/** `NewContact`'s keys by the names that the wire has for them. */
const keyByParameter: Readonly<Record<string, keyof NewContact>> = {
  identifier: 'identifier',
  source: 'source',
  name: 'name',
  tags: 'tags',
  custom_fields: 'customFields',
  assigned_user: 'assignedUser',
  team_uuid: 'teamUuid',
  channel_uuid: 'channelUuid',
  bot_status: 'botStatus',
  note: 'note',
}

/**
 * The snake_case JSON that Callbell takes. Texts go over byte for byte, and what is `undefined`
 * is absent, never null: Callbell's treatment of a null is not documented.
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

/** `fromEntries` defines own keys, so that not even `__proto__` could reach a prototype. */
function toObject(fields: NonNullable<NewContact['customFields']>): object {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]))
}

/**
 * The path inside `contact` that a wire parameter's path means: `['custom_fields', 'Age']` is
 * `['customFields', '0']` where "Age" was given first. Null for a parameter that we do not send.
 */
export function pathOfParameter(parameter: readonly string[], contact: NewContact): readonly string[] | null {
  const [name = '', ...rest] = parameter
  const key = Object.hasOwn(keyByParameter, name) ? keyByParameter[name] : undefined
  if (key === undefined) return null
  if (key !== 'customFields') return [key, ...rest]
  const index = contact.customFields?.findIndex((field) => field.name === rest[0]) ?? -1
  return index < 0 ? [key] : [key, String(index)]
}
