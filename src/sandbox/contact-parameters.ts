/** The parameters of `POST /contacts` and `PATCH /contacts/:uuid`: documented rules, else the strictest reading. */
import { contactSources } from '../domain/contact.ts'
import { channels, tags, teams, users } from './account.ts'
import type { CustomValues } from './custom-fields.ts'
import { areCustomFields } from './custom-fields.ts'
import type { ValueCheck } from './parameters.ts'
import {
  createParameterCheck,
  exists,
  isFilledString,
  isIn,
  isListOf,
  isOneOf,
  isStringUpTo,
  quote,
} from './parameters.ts'

/** The commands for the bot of a contact. */
export type BotCommand = 'bot_start' | 'bot_end'

/** The parameters of both routes. */
interface CommonParameters {
  readonly tags?: readonly string[]
  readonly custom_fields?: CustomValues
  readonly assigned_user?: string
  readonly team_uuid?: string
  readonly bot_status?: BotCommand
  readonly note?: string
}

export interface NewContactParameters extends CommonParameters {
  readonly identifier: string
  readonly source: string
  readonly name: string
  readonly channel_uuid?: string
}

export interface ContactChangeParameters extends CommonParameters {
  readonly name?: string
  readonly unassign_user?: true
}

export const isBotCommand: ValueCheck = isOneOf(['bot_start', 'bot_end'])

const details = {
  tags: isListOf((tag) => (isIn(tags, tag) ? [] : [`tag ${quote(tag)} does not exist`])),
  custom_fields: areCustomFields,
  assigned_user: (user) => (isIn(users, user) ? [] : ['must be the e-mail of a confirmed user']),
  team_uuid: exists(teams),
  bot_status: isBotCommand,
  note: isStringUpTo(1000),
} satisfies Record<keyof CommonParameters, ValueCheck>

export const newContactCheck = createParameterCheck<NewContactParameters>(
  {
    ...details,
    identifier: isFilledString,
    name: isFilledString,
    source: isOneOf(contactSources),
    channel_uuid: exists(channels),
  },
  {
    required: ['identifier', 'source', 'name'],
    together(given) {
      const channel = channels.find(({ uuid }) => uuid === given.get('channel_uuid'))
      return channel && channel.type !== given.get('source')
        ? { channel_uuid: ['belongs to another source'] }
        : {}
    },
  },
)

export const contactChangesCheck = createParameterCheck<ContactChangeParameters>(
  { ...details, name: isFilledString, unassign_user: (value) => (value === true ? [] : ['must be true']) },
  {
    together: (given) =>
      given.has('unassign_user') && given.has('assigned_user')
        ? { unassign_user: ['cannot be combined with assigned_user'] }
        : {},
  },
)
