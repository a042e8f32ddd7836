/** From a `NewContact` to the JSON body of `POST /contacts`, and from its parameter names back. Pure. */
import type { ContactChanges, NewContact } from '../../domain/contact.ts'

/** `NewContact`'s keys by the names that the wire has for them. */
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

/** The JSON body of `PATCH /contacts/:uuid`: keys that are left out stay as they are. */
export function encodeChanges(changes: ContactChanges): string {
  return JSON.stringify({
    name: changes.name,
    tags: changes.tags,
    custom_fields: changes.customFields && toObject(changes.customFields),
    assigned_user: changes.assignedUser ?? undefined,
    // Callbell has a parameter of its own for nobody.
    unassign_user: changes.assignedUser === null ? true : undefined,
    team_uuid: changes.teamUuid,
    bot_status: changes.botStatus && `bot_${changes.botStatus}`,
    note: changes.note,
  })
}

/** `fromEntries` defines own keys, so that not even `__proto__` could reach a prototype. */
function toObject(fields: NonNullable<NewContact['customFields']>): object {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]))
}

/** A wire parameter in terms of the contact that was sent. */
export interface InputPath {
  /** Path inside the contact; null for a parameter that we do not send. */
  readonly path: readonly string[] | null
  /** What of the parameter's path the path does not say. */
  readonly rest: readonly string[]
}

/**
 * Finds wire parameters' paths in `contact`: `['custom_fields', 'Age']` is `['customFields', '0']`
 * where "Age" was given first. A path holds nothing but the contact's own keys and positions:
 * what else the wire says may be anything.
 */
export function createInputPathOf({
  customFields = [],
  tags = [],
}: NewContact | ContactChanges): (parameter: readonly string[]) => InputPath {
  /** By the custom fields' names. Made for the first refusal that needs it: most requests meet none. */
  let positions: ReadonlyMap<string, number> | undefined

  /** Where in a list of the contact an item stands; undefined where it does not. */
  function positionOf(key: keyof NewContact, item: string): number | undefined {
    if (key === 'customFields') {
      positions ??= new Map(customFields.map(({ name }, index) => [name, index]))
      return positions.get(item)
    }
    const isPosition = key === 'tags' && /^(?:0|[1-9]\d{0,5})$/.test(item) && Number(item) < tags.length
    return isPosition ? Number(item) : undefined
  }

  return (parameter) => {
    const [name = '', item = '', ...rest] = parameter
    const key = Object.hasOwn(keyByParameter, name) ? keyByParameter[name] : undefined
    if (key === undefined) return { path: null, rest: parameter }
    const position = positionOf(key, item)
    return position === undefined
      ? { path: [key], rest: parameter.slice(1) }
      : { path: [key, String(position)], rest }
  }
}
