/** The vocabulary that all rooms share. It imports nothing. */

/** The channel kinds that a contact can be created on, as Callbell writes them. */
export const contactSources = ['whatsapp', 'facebook', 'instagram', 'telegram'] as const
export type ContactSource = (typeof contactSources)[number]

/** What to do with the bot of a new contact's conversation. */
export const botStatuses = ['start', 'end'] as const
export type BotStatus = (typeof botStatuses)[number]

/** A custom field to be set: one text, or the ticked options of a checkbox field. */
export interface NewCustomField {
  readonly name: string
  readonly value: string | readonly string[]
}

/** A contact to be created. What is `undefined` is left to Callbell's defaults. */
export interface NewContact {
  /** For WhatsApp the phone number; for other sources whatever identifies the contact there. */
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
  /** The text as Callbell holds it; null where the field is empty. */
  readonly value: string | null
  /** The ticked options, where the text is a JSON list of texts: that is how a checkbox field comes back. */
  readonly values: readonly string[] | null
  /** Callbell's word for the field's type; null where it was not asked for. */
  readonly type: string | null
  /** What can be chosen, of a field with a fixed choice; null where it was not asked for. */
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
  /** The kind of channel; Callbell publishes no list of them. */
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

/** One message of a contact's conversation, or a note that colleagues left in it. */
export interface Message {
  /** Null for what Callbell itself notes. */
  readonly uuid: string | null
  readonly text: string | null
  readonly createdAt: string | null
  /** `sent`, `received` or `note`, in Callbell's word. */
  readonly status: string | null
  readonly channel: string | null
  readonly from: string | null
  readonly to: string | null
}

/** The bot of a contact's conversation. */
export interface Bot {
  readonly uuid: string
  readonly name: string | null
  /** `in_progress`, `started` or `ended`, in Callbell's word. */
  readonly status: string | null
  readonly conversationStartedAt: string | null
  readonly version: number | null
  readonly isLatestVersion: boolean | null
}

/** What is to be changed of a contact. What is `undefined` stays as it is. */
export interface ContactChanges {
  readonly name?: string | undefined
  /** The whole list that it is to have. */
  readonly tags?: readonly string[] | undefined
  readonly customFields?: readonly NewCustomField[] | undefined
  /** Null: nobody any more. */
  readonly assignedUser?: string | null | undefined
  readonly teamUuid?: string | undefined
  readonly botStatus?: BotStatus | undefined
  /** Empty: none any more. */
  readonly note?: string | undefined
}

/** Which contacts a list is to hold. */
export interface ContactFilter {
  /** Callbell's word. */
  readonly source?: string | undefined
  /** Each of them, whatever their case. */
  readonly tags?: readonly string[] | undefined
  readonly teamUuid?: string | undefined
}

/** A contact as Callbell holds it. Only `uuid` is certain. All times are RFC 3339 texts. */
export interface Contact {
  readonly uuid: string
  readonly name: string | null
  /** Not canonical: digits only, or with `+` and spaces, as Callbell has it. */
  readonly phoneNumber: string | null
  readonly avatarUrl: string | null
  /** Null where Callbell's word, kept in `sourceName`, is none of the known ones. */
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
