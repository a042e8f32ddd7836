/** Contacts and what belongs to them, as all folders know them. Imports nothing. */

/** The sources on which a contact can be created, as Callbell writes them. */
export const contactSources = ['whatsapp', 'facebook', 'instagram', 'telegram'] as const
export type ContactSource = (typeof contactSources)[number]

/** What to do with the bot of a new contact's conversation. */
export const botStatuses = ['start', 'end'] as const
export type BotStatus = (typeof botStatuses)[number]

/** A custom field to set: a string, or the selected options of a checkbox field. */
export interface NewCustomField {
  readonly name: string
  readonly value: string | readonly string[]
}

/** A contact to create. For `undefined` values, Callbell applies its defaults. */
export interface NewContact {
  /** For WhatsApp the phone number, for other sources their own identifier. */
  readonly identifier: string
  readonly source: ContactSource
  readonly name: string
  readonly tags?: readonly string[] | undefined
  readonly customFields?: readonly NewCustomField[] | undefined
  /** E-mail address of a user of the account. */
  readonly assignedUser?: string | undefined
  readonly teamUuid?: string | undefined
  readonly channelUuid?: string | undefined
  readonly botStatus?: BotStatus | undefined
  readonly note?: string | undefined
}

export interface CustomField {
  readonly name: string
  /** The string as Callbell stores it; null if the field is empty. */
  readonly value: string | null
  /** The selected options, if `value` is a JSON list of strings: Callbell returns checkbox fields like this. */
  readonly values: readonly string[] | null
  /** The field's type as Callbell names it; null if it was not requested. */
  readonly type: string | null
  /** The options of a field with fixed options; null if they were not requested. */
  readonly options: readonly string[] | null
}

export interface Team {
  readonly uuid: string
  readonly name: string | null
  readonly createdAt: string | null
  readonly default: boolean | null
  readonly memberCount: number | null
}

export interface Channel {
  readonly uuid: string
  readonly title: string | null
  /** The kind of channel. Callbell publishes no list of kinds. */
  readonly type: string | null
  readonly main: boolean | null
  readonly discardedAt: string | null
}

/** A sales funnel. */
export interface Funnel {
  readonly uuid: string
  readonly name: string | null
  readonly position: number | null
  readonly emoji: string | null
  readonly createdAt: string | null
}

/** One message of a contact's conversation, or an internal note. */
export interface Message {
  /** Null for notes that Callbell writes itself. */
  readonly uuid: string | null
  readonly text: string | null
  readonly createdAt: string | null
  /** `sent`, `received` or `note`, as Callbell names it. */
  readonly status: string | null
  readonly channel: string | null
  readonly from: string | null
  readonly to: string | null
}

/** The bot of a contact's conversation. */
export interface Bot {
  readonly uuid: string
  readonly name: string | null
  /** `in_progress`, `started` or `ended`, as Callbell names it. */
  readonly status: string | null
  readonly conversationStartedAt: string | null
  readonly version: number | null
  readonly isLatestVersion: boolean | null
}

/** The changes of a contact. `undefined` values do not change. */
export interface ContactChanges {
  readonly name?: string | undefined
  /** Replaces all tags. */
  readonly tags?: readonly string[] | undefined
  readonly customFields?: readonly NewCustomField[] | undefined
  /** Null unassigns the contact. */
  readonly assignedUser?: string | null | undefined
  readonly teamUuid?: string | undefined
  readonly botStatus?: BotStatus | undefined
  /** Empty removes the note. */
  readonly note?: string | undefined
}

/** Selects the contacts of a list. */
export interface ContactFilter {
  /** The source as Callbell names it. */
  readonly source?: string | undefined
  /** A contact must have all of them. Case does not matter. */
  readonly tags?: readonly string[] | undefined
  readonly teamUuid?: string | undefined
}

/** A contact as Callbell stores it. Only `uuid` is always present. All times are RFC 3339 strings. */
export interface Contact {
  readonly uuid: string
  readonly name: string | null
  /** As Callbell stores it, not canonical: only digits, or with `+` and spaces. */
  readonly phoneNumber: string | null
  readonly avatarUrl: string | null
  /** Null if Callbell's value, which is in `sourceName`, is not a known source. */
  readonly source: ContactSource | null
  readonly sourceName: string | null
  readonly createdAt: string | null
  readonly closedAt: string | null
  readonly blockedAt: string | null
  readonly href: string | null
  readonly conversationHref: string | null
  readonly tags: readonly string[]
  /** E-mail address of the user that the contact is assigned to. */
  readonly assignedUser: string | null
  readonly customFields: readonly CustomField[]
  readonly funnelId: string | null
  readonly note: string | null
  /** WhatsApp's business-scoped user id. */
  readonly bsuid: string | null
  readonly team: Team | null
  readonly channel: Channel | null
}
