// The documented operations for frontends, typed: what `callbell-graphql/client` exports.
// Generated from schema/ by `npm run generate`.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from './typed-document-node.ts';
export type { TypedDocumentNode } from './typed-document-node.ts';
/** The kinds of things that can be wrong with a note to be added. */
export type AddConversationNoteErrorCode =
  /** The text or the uuid is empty or only white space. */
  | 'BLANK'
  /** A value that is certain to be refused. Nothing was sent to Callbell. */
  | 'INVALID'
  /** Callbell refused it; the message is Callbell’s own. On `["input", "uuid"]`: there is no such contact. */
  | 'REJECTED'
  /** The uuid or the idempotency key has over 255 characters. */
  | 'TOO_LONG';

/** The note to be added, and to whose conversation. */
export type AddConversationNoteInput = {
  /** Names this note: 1 to 255 printable characters, made once for what the user does (a random UUID) and kept for every repetition of it. Repeated with the same key, it is the same note: it is added once. After `UNKNOWN`, repeat it after `retryAfterMs`. By default a key is remembered for a day. It must not be shared with a `createContact`. */
  idempotencyKey?: string | null | undefined;
  /** What the note says, sent exactly as it is given; it may have tabs and line breaks. Callbell documents no limit of its length. */
  text: string;
  /** The contact’s uuid. */
  uuid: string;
};

/** What to do with the bot of a conversation. */
export type BotStatus =
  /** Keep the bot out, or send it away. */
  | 'END'
  /** Let the bot answer. */
  | 'START';

/** The contact whose conversation is to be closed. */
export type CloseConversationInput = {
  /** The contact’s uuid. */
  uuid: string;
};

/** The kinds of things that can be wrong with a change of a contact. */
export type ContactErrorCode =
  /** A text that must say something is empty, or nothing at all is to be changed. */
  | 'BLANK'
  /** The contact has other tags than expected, or a tag in another spelling. Nothing was changed. */
  | 'CONFLICT'
  /** A value that is certain to be refused. Nothing was sent to Callbell. */
  | 'INVALID'
  /** Callbell refused it, or has no such contact; the message is Callbell’s own. Or Callbell did not take a tag. Nothing was changed. */
  | 'REJECTED'
  /** A string has too many characters, or a list has over 500 items. */
  | 'TOO_LONG';

/** Which contacts a list is to hold: those that meet all that is given. */
export type ContactFilter = {
  /** Only those of this kind of channel. */
  source?: ContactSource | null | undefined;
  /** Only those with all of these tags, whatever their case. A tag with a comma in it can’t be asked for. At most 500. */
  tags?: Array<string> | null | undefined;
  /** Only those of this team. */
  teamUuid?: string | null | undefined;
};

/** The kind of channel that a contact comes from. */
export type ContactSource =
  /** Facebook Messenger. */
  | 'FACEBOOK'
  /** Instagram direct messages. */
  | 'INSTAGRAM'
  /** Telegram. */
  | 'TELEGRAM'
  /** WhatsApp: the identifier is a phone number. */
  | 'WHATSAPP';

/** The kinds of things that can be wrong with a contact to be created. */
export type CreateContactErrorCode =
  /** A text that must say something is empty or only white space. */
  | 'BLANK'
  /** A value that is certain to be refused. Nothing was sent to Callbell. */
  | 'INVALID'
  /** Callbell refused it; the message is Callbell’s own. */
  | 'REJECTED'
  /** A string has too many characters, or a list has over 500 items. */
  | 'TOO_LONG';

/** The contact to be created. Leave out what you do not know: an option left out, or null, is not sent at all. Every text is sent exactly as it is given. */
export type CreateContactInput = {
  /** E-mail address of the user to assign the contact to: a confirmed user of the account. */
  assignedUser?: string | null | undefined;
  /** Whether the bot may talk to the contact. */
  botStatus?: BotStatus | null | undefined;
  /** The channel to create it on. Default: the main channel of the source. */
  channelUuid?: string | null | undefined;
  /** Custom fields to set, each of which must exist in the account. At most 500. */
  customFields?: Array<CustomFieldInput> | null | undefined;
  /** Names this create: 1 to 255 printable characters, made once for what the user does (a random UUID) and kept for every repetition of it. Repeated with the same key, it is the same create: the contact exists once. After `UNKNOWN`, repeat it after `retryAfterMs`: the outcome is verified, and the contact is sent again only once that is safe. By default a key is remembered for a day. */
  idempotencyKey?: string | null | undefined;
  /** What the source knows the contact by: for WhatsApp the phone number with country code. At most 255 characters. */
  identifier: string;
  /** The contact’s name. At most 255 characters. */
  name: string;
  /** A note on the contact. At most 1000 characters. */
  note?: string | null | undefined;
  /** The kind of channel. */
  source: ContactSource;
  /** Names of tags, which must exist in the account. At most 500. */
  tags?: Array<string> | null | undefined;
  /** The team to give the contact to. */
  teamUuid?: string | null | undefined;
};

/** One custom field to be set: exactly one of `value` and `values` must be given. */
export type CustomFieldInput = {
  /** The field’s name. It must exist in the account, and may be given only once. */
  name: string;
  /** The field’s text. Numbers and dates are texts as well: `42`, `2026-03-03`. Sent as it is given. */
  value?: string | null | undefined;
  /** The ticked options of a checkbox field. At most 500. */
  values?: Array<string> | null | undefined;
};

/** What a custom field holds. */
export type CustomFieldType =
  /** Any of its `options`; read `values`. */
  | 'CHECKBOX'
  /** A date: `2026-03-03`. */
  | 'DATE'
  /** One of its `options`. */
  | 'DROPDOWN'
  /** An e-mail address. */
  | 'EMAIL'
  /** A number, as text: `42`. */
  | 'NUMBER'
  /** Any text. */
  | 'TEXT';

/** The contact to be deleted. */
export type DeleteContactInput = {
  /** The contact’s uuid. */
  uuid: string;
};

/** The contact that is to be moved, and where to. */
export type MoveToFunnelInput = {
  /** The sales funnel’s uuid. */
  funnelUuid: string;
  /** The contact’s uuid. */
  uuid: string;
};

/** The contact whose conversation is to be opened again. */
export type OpenConversationInput = {
  /** The contact’s uuid. */
  uuid: string;
};

/** The contact whose bot is meant, and what it is to do. */
export type SetBotStatusInput = {
  /** What the bot is to do. */
  status: BotStatus;
  /** The contact’s uuid. */
  uuid: string;
};

/** What is to be changed. A key that is left out stays as it is. `null` clears the note and the assigned user, and is refused elsewhere: Callbell can clear nothing else. */
export type UpdateContactInput = {
  /** Tags to be added to those that are there: they are read, replaced, and read again. Edits through this gateway never lose one another. A tag that Callbell does not take is named. An empty list changes nothing. At most 500. */
  addTags?: Array<string> | null | undefined;
  /** E-mail address of the user to assign the contact to; `null` assigns it to nobody. */
  assignedUser?: string | null | undefined;
  /** Whether the bot may talk to the contact. With `START` the update is not idempotent: it is not retried where Callbell may have carried it out. */
  botStatus?: BotStatus | null | undefined;
  /** Custom fields to be set. Those that are not named stay as they are, and an empty list changes nothing. At most 500. */
  customFields?: Array<CustomFieldInput> | null | undefined;
  /** The tags that the contact had when the user saw it, in any order. At most 500. If the contact has others now, nothing is changed: the message of a userError with the code `CONFLICT` lists them for a caller who may read contacts. Tags are written once at most: where others change them right afterwards, the error `CONFLICT` has the outcome `APPLIED`. */
  expectedTags?: Array<string> | null | undefined;
  /** A new name. At most 255 characters. */
  name?: string | null | undefined;
  /** A new note, at most 1000 characters; `null` clears it. */
  note?: string | null | undefined;
  /** Tags to be removed, in the same way as `addTags`. They are removed exactly as they are spelled: one that is there in another spelling only is a `CONFLICT`, and nothing is changed. At most 500. */
  removeTags?: Array<string> | null | undefined;
  /** The whole list of tags that the contact is to have: all others are taken from it. `[]` takes all. Prefer `addTags` and `removeTags`, which leave alone what colleagues have set. At most 500. */
  tags?: Array<string> | null | undefined;
  /** The team to give the contact to. */
  teamUuid?: string | null | undefined;
  /** The contact’s uuid. */
  uuid: string;
};

export type AddConversationNoteMutationVariables = Exact<{
  input: AddConversationNoteInput;
}>;


export type AddConversationNoteMutation = { addConversationNote: { success: boolean, replayed: boolean, userErrors: Array<{ field: Array<string> | null, message: string, code: AddConversationNoteErrorCode }> } | null };

export type CloseConversationMutationVariables = Exact<{
  input: CloseConversationInput;
}>;


export type CloseConversationMutation = { closeConversation: { contact: { uuid: string, closedAt: string | null } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };

export type ContactQueryVariables = Exact<{
  uuid: string;
}>;


export type ContactQuery = { contact: { id: string, uuid: string, name: string | null, phoneNumber: string | null, avatarUrl: string | null, source: ContactSource | null, sourceName: string | null, createdAt: string | null, closedAt: string | null, blockedAt: string | null, href: string | null, conversationHref: string | null, tags: Array<string>, assignedUser: string | null, funnelId: string | null, note: string | null, bsuid: string | null, customFields: Array<{ name: string, value: string | null, values: Array<string> | null }>, team: { id: string, uuid: string, name: string | null, createdAt: string | null, default: boolean | null, memberCount: number | null } | null, channel: { id: string, uuid: string, title: string | null, type: string | null, main: boolean | null, discardedAt: string | null } | null } | null };

export type ContactByBsuidQueryVariables = Exact<{
  bsuid: string;
}>;


export type ContactByBsuidQuery = { contactByBsuid: { uuid: string, name: string | null, bsuid: string | null } | null };

export type ContactByPhoneQueryVariables = Exact<{
  phoneNumber: string;
  channelUuid?: string | null | undefined;
}>;


export type ContactByPhoneQuery = { contactByPhone: { uuid: string, name: string | null, phoneNumber: string | null, channel: { uuid: string, title: string | null } | null } | null };

export type ContactFormQueryVariables = Exact<{
  uuid: string;
}>;


export type ContactFormQuery = { contact: { id: string, uuid: string, name: string | null, tags: Array<string>, assignedUser: string | null, note: string | null, funnelId: string | null, team: { id: string } | null, customFields: Array<{ name: string, type: CustomFieldType | null, options: Array<string> | null, value: string | null, values: Array<string> | null }> } | null, teams: Array<{ id: string, uuid: string, name: string | null, default: boolean | null }>, channels: Array<{ id: string, uuid: string, title: string | null, type: string | null, main: boolean | null }>, funnels: Array<{ id: string, uuid: string, name: string | null, emoji: string | null, position: number | null, createdAt: string | null }> };

export type ContactPageQueryVariables = Exact<{
  uuid: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ContactPageQuery = { contact: { id: string, uuid: string, name: string | null, phoneNumber: string | null, avatarUrl: string | null, source: ContactSource | null, tags: Array<string>, assignedUser: string | null, note: string | null, team: { id: string, name: string | null } | null, bot: { uuid: string, name: string | null, status: string | null, conversationStartedAt: string | null, version: number | null, isLatestVersion: boolean | null } | null, messages: { edges: Array<{ cursor: string, node: { uuid: string | null, text: string | null, createdAt: string | null, status: string | null, channel: string | null, from: string | null, to: string | null } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } } | null };

export type ContactsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?: ContactFilter | null | undefined;
}>;


export type ContactsQuery = { contacts: { nodes: Array<{ id: string, uuid: string, name: string | null, phoneNumber: string | null, source: ContactSource | null, tags: Array<string>, assignedUser: string | null, createdAt: string | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateContactMutationVariables = Exact<{
  input: CreateContactInput;
}>;


export type CreateContactMutation = { createContact: { replayed: boolean, contact: { uuid: string, name: string | null, phoneNumber: string | null, source: ContactSource | null, tags: Array<string>, assignedUser: string | null, createdAt: string | null, href: string | null, customFields: Array<{ name: string, value: string | null, values: Array<string> | null }> } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: CreateContactErrorCode }> } | null };

export type DeleteContactMutationVariables = Exact<{
  input: DeleteContactInput;
}>;


export type DeleteContactMutation = { deleteContact: { deletedUuid: string | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };

export type MoveToFunnelMutationVariables = Exact<{
  input: MoveToFunnelInput;
}>;


export type MoveToFunnelMutation = { moveToFunnel: { contact: { uuid: string, funnelId: string | null } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };

export type OpenConversationMutationVariables = Exact<{
  input: OpenConversationInput;
}>;


export type OpenConversationMutation = { openConversation: { contact: { uuid: string, closedAt: string | null } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };

export type SetBotStatusMutationVariables = Exact<{
  input: SetBotStatusInput;
}>;


export type SetBotStatusMutation = { setBotStatus: { bot: { uuid: string, name: string | null, status: string | null, version: number | null, isLatestVersion: boolean | null, conversationStartedAt: string | null } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };

export type UpdateContactMutationVariables = Exact<{
  input: UpdateContactInput;
}>;


export type UpdateContactMutation = { updateContact: { contact: { uuid: string, name: string | null, note: string | null, tags: Array<string>, assignedUser: string | null, team: { uuid: string, name: string | null } | null } | null, userErrors: Array<{ field: Array<string> | null, message: string, code: ContactErrorCode }> } | null };


export const AddConversationNoteDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AddConversationNote"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"AddConversationNoteInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"addConversationNote"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"success"}},{"kind":"Field","name":{"kind":"Name","value":"replayed"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<AddConversationNoteMutation, AddConversationNoteMutationVariables>;
export const CloseConversationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CloseConversation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CloseConversationInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"closeConversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<CloseConversationMutation, CloseConversationMutationVariables>;
export const ContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"uuid"},"value":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"sourceName"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}},{"kind":"Field","name":{"kind":"Name","value":"blockedAt"}},{"kind":"Field","name":{"kind":"Name","value":"href"}},{"kind":"Field","name":{"kind":"Name","value":"conversationHref"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"customFields"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"values"}}]}},{"kind":"Field","name":{"kind":"Name","value":"funnelId"}},{"kind":"Field","name":{"kind":"Name","value":"note"}},{"kind":"Field","name":{"kind":"Name","value":"bsuid"}},{"kind":"Field","name":{"kind":"Name","value":"team"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"default"}},{"kind":"Field","name":{"kind":"Name","value":"memberCount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"channel"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"main"}},{"kind":"Field","name":{"kind":"Name","value":"discardedAt"}}]}}]}}]}}]} as unknown as DocumentNode<ContactQuery, ContactQueryVariables>;
export const ContactByBsuidDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContactByBsuid"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"bsuid"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contactByBsuid"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"bsuid"},"value":{"kind":"Variable","name":{"kind":"Name","value":"bsuid"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"bsuid"}}]}}]}}]} as unknown as DocumentNode<ContactByBsuidQuery, ContactByBsuidQueryVariables>;
export const ContactByPhoneDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContactByPhone"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"phoneNumber"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"channelUuid"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contactByPhone"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"phoneNumber"},"value":{"kind":"Variable","name":{"kind":"Name","value":"phoneNumber"}}},{"kind":"Argument","name":{"kind":"Name","value":"channelUuid"},"value":{"kind":"Variable","name":{"kind":"Name","value":"channelUuid"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"channel"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"title"}}]}}]}}]}}]} as unknown as DocumentNode<ContactByPhoneQuery, ContactByPhoneQueryVariables>;
export const ContactFormDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContactForm"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"uuid"},"value":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"note"}},{"kind":"Field","name":{"kind":"Name","value":"funnelId"}},{"kind":"Field","name":{"kind":"Name","value":"team"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"customFields"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"options"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"values"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"teams"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"default"}}]}},{"kind":"Field","name":{"kind":"Name","value":"channels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"main"}}]}},{"kind":"Field","name":{"kind":"Name","value":"funnels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"emoji"}},{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]}}]} as unknown as DocumentNode<ContactFormQuery, ContactFormQueryVariables>;
export const ContactPageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContactPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"uuid"},"value":{"kind":"Variable","name":{"kind":"Name","value":"uuid"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"avatarUrl"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"note"}},{"kind":"Field","name":{"kind":"Name","value":"team"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"bot"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"conversationStartedAt"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"isLatestVersion"}}]}},{"kind":"Field","name":{"kind":"Name","value":"messages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"channel"}},{"kind":"Field","name":{"kind":"Name","value":"from"}},{"kind":"Field","name":{"kind":"Name","value":"to"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"hasPreviousPage"}},{"kind":"Field","name":{"kind":"Name","value":"startCursor"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]}}]} as unknown as DocumentNode<ContactPageQuery, ContactPageQueryVariables>;
export const ContactsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Contacts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ContactFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contacts"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<ContactsQuery, ContactsQueryVariables>;
export const CreateContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateContactInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createContact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"phoneNumber"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"customFields"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"values"}}]}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"href"}}]}},{"kind":"Field","name":{"kind":"Name","value":"replayed"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<CreateContactMutation, CreateContactMutationVariables>;
export const DeleteContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteContactInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteContact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedUuid"}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<DeleteContactMutation, DeleteContactMutationVariables>;
export const MoveToFunnelDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MoveToFunnel"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"MoveToFunnelInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"moveToFunnel"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"funnelId"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<MoveToFunnelMutation, MoveToFunnelMutationVariables>;
export const OpenConversationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"OpenConversation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"OpenConversationInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"openConversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"closedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<OpenConversationMutation, OpenConversationMutationVariables>;
export const SetBotStatusDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetBotStatus"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SetBotStatusInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"setBotStatus"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bot"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"isLatestVersion"}},{"kind":"Field","name":{"kind":"Name","value":"conversationStartedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<SetBotStatusMutation, SetBotStatusMutationVariables>;
export const UpdateContactDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateContact"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateContactInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateContact"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contact"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"note"}},{"kind":"Field","name":{"kind":"Name","value":"tags"}},{"kind":"Field","name":{"kind":"Name","value":"assignedUser"}},{"kind":"Field","name":{"kind":"Name","value":"team"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"uuid"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateContactMutation, UpdateContactMutationVariables>;