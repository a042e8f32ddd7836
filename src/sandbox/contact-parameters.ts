/** The parameters of `POST /contacts` and `PATCH /contacts/:uuid`: what is documented, else the least forgiving guess. */
import { contactSources } from '../domain/contact.ts'
import { channels, tags, teams, users } from './account.ts'
import type { CustomValues } from './custom-fields.ts'
import { areCustomFields } from './custom-fields.ts'
import type { Check } from './parameters.ts'
import {
  createParameterCheck,
  exists,
  isFilledText,
  isIn,
  isListOf,
  isOneOf,
  isTextOf,
  quote,
} from './parameters.ts'

/** What the bot of a contact can be told. */
export type BotOrder = 'bot_start' | 'bot_end'

/** What can be told of a contact when it is created and later. */
interface Details {
  readonly tags?: readonly string[]
  readonly custom_fields?: CustomValues
  readonly assigned_user?: string
  readonly team_uuid?: string
  readonly bot_status?: BotOrder
  readonly note?: string
}

export interface NewContactParameters extends Details {
  readonly identifier: string
  readonly source: string
  readonly name: string
  readonly channel_uuid?: string
}

export interface ContactChanges extends Details {
  readonly name?: string
  readonly unassign_user?: true
}

export const isBotOrder: Check = isOneOf(['bot_start', 'bot_end'])

const details = {
  tags: isListOf((tag) => (isIn(tags, tag) ? [] : [`tag ${quote(tag)} does not exist`])),
  custom_fields: areCustomFields,
  assigned_user: (user) => (isIn(users, user) ? [] : ['must be the e-mail of a confirmed user']),
  team_uuid: exists(teams),
  bot_status: isBotOrder,
  note: isTextOf(1000),
} satisfies Record<keyof Details, Check>

export const newContactCheck = createParameterCheck<NewContactParameters>(
  {
    ...details,
    identifier: isFilledText,
    name: isFilledText,
    source: isOneOf(contactSources),
    channel_uuid: exists(channels),
  },
  {
    required: ['identifier', 'source', 'name'],
    together(given) {
      const channel = channels.find(({ uuid }) => uuid === given.get('channel_uuid'))
      return channel && channel.type !== given.get('source') ? { channel_uuid: ['is of another source'] } : {}
    },
  },
)

export const contactChangesCheck = createParameterCheck<ContactChanges>(
  { ...details, name: isFilledText, unassign_user: (value) => (value === true ? [] : ['must be true']) },
  {
    together: (given) =>
      given.has('unassign_user') && given.has('assigned_user')
        ? { unassign_user: ['contradicts assigned_user'] }
        : {},
  },
)
