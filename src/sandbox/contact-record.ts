/** What the sandbox keeps of a contact, and what a new one begins with. */
import { createHash } from 'node:crypto'
import { bot, channels, teams } from './account.ts'
import { writeCustomFields } from './custom-fields.ts'
import type { BotOrder, NewContactParameters } from './contact-parameters.ts'
import type { WireBot, WireContact, WireMessage } from './wire.ts'
import { hrefsOf, writeTime } from './wire.ts'

/** A contact with what belongs to it. */
export interface ContactRecord {
  readonly contact: WireContact
  /** Newest first. */
  readonly messages: readonly WireMessage[]
  readonly bot: WireBot
  /**
   * When something last happened in its conversation, in milliseconds since the epoch: the contact
   * was created, or something was done under `/conversation/`.
   */
  readonly activeAt: number
}

/** @param createdAt milliseconds since the epoch */
export function newRecord(uuid: string, given: NewContactParameters, createdAt: number): ContactRecord {
  return {
    contact: writeContact(uuid, writeTime(createdAt), given),
    messages: [],
    bot: botAfter(given.bot_status ?? 'bot_start'),
    activeAt: createdAt,
  }
}

function writeContact(uuid: string, createdAt: string, given: NewContactParameters): WireContact {
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
    customFields: writeCustomFields(given.custom_fields ?? {}),
    funnelId: null,
    note: given.note || null,
    team: teams.find((team) => (given.team_uuid ? team.uuid === given.team_uuid : team.default)) ?? null,
    channel:
      channels.find((channel) => channel.uuid === given.channel_uuid) ?? mainChannel(given.source) ?? null,
  }
}

/** The bot of a contact once it was told so. */
export function botAfter(order: BotOrder): WireBot {
  return { ...bot, status: order === 'bot_start' ? 'started' : 'ended', conversationStartedAt: null }
}

export function mainChannel(source: string) {
  return channels.find((channel) => channel.type === source && channel.main)
}

/** The nth thing of a kind always has the same uuid, so that an example's answer can be foretold. */
export function uuidOf(kind: string, position: number): string {
  return createHash('sha256').update(`${kind} ${position}`).digest('hex').slice(0, 32)
}
