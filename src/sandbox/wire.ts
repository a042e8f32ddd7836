/** The JSON of Callbell's API. Times are ISO 8601 in whole seconds. */
import type { bot, channels, teams } from './account.ts'

export interface WireContact {
  readonly uuid: string
  readonly name: string | null
  readonly phoneNumber: string | null
  readonly avatarUrl: string | null
  readonly createdAt: string
  readonly closedAt: string | null
  readonly blockedAt: string | null
  readonly source: string
  readonly href: string
  readonly conversationHref: string
  readonly tags: readonly string[]
  readonly assignedUser: string | null
  readonly customFields: Readonly<Record<string, string>>
  readonly funnelId: string | null
  readonly note: string | null
  /** Documented as present only for WhatsApp contacts with a known id. */
  readonly bsuid?: string
  readonly team: (typeof teams)[number] | null
  readonly channel: (typeof channels)[number] | null
}

export interface WireMessage {
  /** Absent for notes that Callbell writes itself, as in the documented example. */
  readonly uuid?: string
  readonly text: string
  readonly createdAt: string
  readonly status: 'sent' | 'received' | 'note'
  /** The kind of channel, such as `whatsapp`. */
  readonly channel: string
  readonly from: string
  readonly to: string
}

export type WireBot = typeof bot & {
  readonly status: 'in_progress' | 'started' | 'ended'
  readonly conversationStartedAt: string | null
}

/** @param time milliseconds since the epoch */
export function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}

/** @returns the dashboard's URLs of a contact and its conversation */
export function hrefsOf(uuid: string) {
  return {
    href: `https://dash.callbell.eu/contacts/${uuid}`,
    conversationHref: `https://dash.callbell.eu/chat/${uuid}`,
  }
}

/** @returns the identifier of a contact in `from` and `to` of a message */
export function handleOf({ phoneNumber, bsuid, uuid }: WireContact): string {
  return phoneNumber?.replaceAll(/\D/g, '') ?? bsuid ?? uuid
}
