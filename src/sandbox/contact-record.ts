/** The sandbox's record of a contact, and its initial state. */
import { createHash } from 'node:crypto'
import { bot, channels, teams } from './account.ts'
import { toCustomFields } from './custom-fields.ts'
import type { BotCommand, NewContactParameters } from './contact-parameters.ts'
import type { WireBot, WireContact, WireMessage } from './wire.ts'
import { hrefsOf, formatTime } from './wire.ts'

/** A contact with its messages and its bot. */
export interface ContactRecord {
  readonly contact: WireContact
  /** Newest first. */
  readonly messages: readonly WireMessage[]
  readonly bot: WireBot
  /**
   * The last activity of its conversation, in milliseconds since the epoch: the contact was created, or a
   * route under `/conversation/` changed it.
   */
  readonly activeAt: number
}

/** @param createdAt milliseconds since the epoch */
export function createRecord(uuid: string, given: NewContactParameters, createdAt: number): ContactRecord {
  return {
    contact: toWireContact(uuid, formatTime(createdAt), given),
    messages: [],
    bot: botAfter(given.bot_status ?? 'bot_start'),
    activeAt: createdAt,
  }
}

function toWireContact(uuid: string, createdAt: string, given: NewContactParameters): WireContact {
  return {
    uuid,
    name: given.name,
    phoneNumber: given.source === 'whatsapp' ? given.identifier : null,
    avatarUrl: null,
    createdAt,
    closedAt: null,
    blockedAt: null,
    source: given.source,
    ...hrefsOf(uuid),
    tags: given.tags ?? [],
    assignedUser: given.assigned_user ?? null,
    customFields: toCustomFields(given.custom_fields ?? {}),
    funnelId: null,
    note: given.note || null,
    team: teams.find((team) => (given.team_uuid ? team.uuid === given.team_uuid : team.default)) ?? null,
    channel:
      channels.find((channel) => channel.uuid === given.channel_uuid) ?? mainChannel(given.source) ?? null,
  }
}

/** @returns the bot of a contact after a command */
export function botAfter(command: BotCommand): WireBot {
  return { ...bot, status: command === 'bot_start' ? 'started' : 'ended', conversationStartedAt: null }
}

export function mainChannel(source: string) {
  return channels.find((channel) => channel.type === source && channel.main)
}

/** @returns the uuid of the nth item of a kind. It is always the same, so that examples can show it */
export function uuidOf(kind: string, position: number): string {
  return createHash('sha256').update(`${kind} ${position}`).digest('hex').slice(0, 32)
}
