/** The Callbell REST API as typed functions: each sends one request and decodes its answer. */
import type {
  Bot,
  BotStatus,
  Channel,
  Contact,
  ContactChanges,
  ContactFilter,
  Funnel,
  Message,
  NewContact,
  Team,
} from '../domain/contact.ts'
import type { Moment } from '../domain/moment.ts'
import { botIn, confirm, isAbsence, isAdded, isDestroyed, undecodable } from './answers.ts'
import type { ReadableContact } from './codec/decode-contact.ts'
import { readChannel, readContact, readTeam } from './codec/decode-contact.ts'
import { readFunnel, readMessage } from './codec/decode-list.ts'
import { createInputPathOf, encodeChanges, encodeNewContact } from './codec/encode-contact.ts'
import type { NumberedPage } from './decoded-calls.ts'
import { createDecodedCalls } from './decoded-calls.ts'
import type { Attempt, DispatcherOptions, UpstreamState } from './dispatcher.ts'
import { createDispatcher } from './dispatcher.ts'
import type { Matches } from './same-contact.ts'
import { hasBsuid, hasPhoneNumber, hasUuid } from './same-contact.ts'
import type { InputPathOf } from './to-callbell-error.ts'
import { noInputPath } from './to-callbell-error.ts'
import { routes } from './url-templates.ts'

export type { Attempt, Deadlines, UpstreamState } from './dispatcher.ts'
export type { ReadableContact } from './codec/decode-contact.ts'
export type { NumberedPage } from './decoded-calls.ts'

export type CallbellClientOptions = DispatcherOptions

/** A page of a list with cursors. */
export interface Page<T> {
  readonly items: readonly T[]
  /** The cursor of the next page; null at the end. */
  readonly next: string | null
}

/** Every function throws CallbellError. Any 2xx is a success: Callbell does not document which one it sends. */
export interface CallbellClient {
  /** `POST /contacts`, once. @param isSame whether the answer may show the contact that was to be created */
  createContact(contact: NewContact, attempt: Attempt, isSame?: Matches): Promise<Contact>
  /** `GET /contacts/:uuid`. @param hasFieldTypes whether to read the types of custom fields */
  getContact(uuid: string, attempt: Attempt, hasFieldTypes?: boolean): Promise<Contact | null>
  /** `GET /contacts/:uuid`, with whether its tags could be read. */
  getContactWithTags(uuid: string, attempt: Attempt): Promise<ReadableContact | null>
  /** `GET /contacts/phone/:number`, by default on the main WhatsApp channel. */
  getContactByPhone(
    phoneNumber: string,
    channelUuid: string | undefined,
    attempt: Attempt,
  ): Promise<Contact | null>
  /** `GET /contacts/bsuid/:bsuid`. */
  getContactByBsuid(bsuid: string, attempt: Attempt): Promise<Contact | null>
  /** `GET /contacts`, 20 at a time. @param after null: the first page */
  listContacts(
    filter: ContactFilter,
    after: string | null,
    attempt: Attempt,
    hasFieldTypes?: boolean,
  ): Promise<Page<Contact>>
  /** `PATCH /contacts/:uuid`. */
  updateContact(uuid: string, changes: ContactChanges, attempt: Attempt): Promise<ReadableContact>
  /** `DELETE /contacts/:uuid`. Callbell refuses it if there is no such contact. */
  deleteContact(uuid: string, attempt: Attempt): Promise<void>
  /** `GET /contacts/:uuid/messages`, newest first. @param page from 1 */
  listMessages(uuid: string, page: number, attempt: Attempt): Promise<NumberedPage<Message>>
  /** The first page of `GET /contacts/:uuid/messages`. */
  latestMessages(uuid: string, attempt: Attempt): Promise<readonly Message[]>
  /** `GET /contacts/:uuid/bot`; null if there is none. */
  getBot(uuid: string, attempt: Attempt): Promise<Bot | null>
  /** `POST /contacts/:uuid/bot`. */
  setBotStatus(uuid: string, status: BotStatus, attempt: Attempt): Promise<Bot>
  /** `POST /contacts/:uuid/conversation/close`. */
  closeConversation(uuid: string, attempt: Attempt): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/open`. */
  openConversation(uuid: string, attempt: Attempt): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/note`, once: each request adds one more. */
  addNote(uuid: string, text: string, attempt: Attempt): Promise<void>
  /** `PUT /contacts/:uuid/conversation/update_funnel`. */
  moveToFunnel(uuid: string, funnelUuid: string, attempt: Attempt): Promise<Contact>
  /** `GET /teams`. @param page from 1 */
  listTeams(page: number, attempt: Attempt): Promise<NumberedPage<Team>>
  /** `GET /channels`. @param page from 1 */
  listChannels(page: number, attempt: Attempt): Promise<NumberedPage<Channel>>
  /** `GET /funnels`, whose pages are not documented. @param page from 1 */
  listFunnels(page: number, attempt: Attempt): Promise<NumberedPage<Funnel>>
  /** Callbell's time at a moment, as far as its answers show it. See `CallbellClock.timeAt`. */
  readonly timeAt: (moment: Moment) => number | null
  /** `GET /auth/me`: whether Callbell accepts the token. The data of the user is discarded. */
  checkToken(attempt: Attempt): Promise<void>
  /** The state of Callbell, as far as calls have shown it. */
  state(): UpstreamState
  close(): Promise<void>
}

export function createCallbellClient(options: CallbellClientOptions): CallbellClient {
  const dispatcher = createDispatcher(options)
  const { timeAt, state, close } = dispatcher
  const { call, accepted, change, find, list, listPage } = createDecodedCalls(dispatcher, options)

  return {
    async createContact(contact, attempt, isSame) {
      const request = { method: 'POST', ...routes.contacts(), body: encodeNewContact(contact) } as const
      return (await change(request, attempt, isSame, createInputPathOf(contact))).contact
    },
    async getContact(uuid, attempt, hasFieldTypes = false) {
      const target = routes.contact(uuid, { include_field_types: hasFieldTypes ? 'true' : undefined })
      return (await find(target, attempt, hasUuid(uuid)))?.contact ?? null
    },
    getContactWithTags: (uuid, attempt) => find(routes.contact(uuid), attempt, hasUuid(uuid)),
    async getContactByPhone(phoneNumber, channelUuid, attempt) {
      const target = routes.contactByPhone(phoneNumber, { channel_uuid: channelUuid })
      return (await find(target, attempt, hasPhoneNumber(phoneNumber)))?.contact ?? null
    },
    async getContactByBsuid(bsuid, attempt) {
      return (await find(routes.contactByBsuid(bsuid), attempt, hasBsuid(bsuid)))?.contact ?? null
    },
    async listContacts({ source, tags, teamUuid }, after, attempt, hasFieldTypes = false) {
      const target = routes.contacts({
        after: after ?? undefined,
        source,
        tags: tags?.join(','),
        team_uuid: teamUuid,
        include_field_types: hasFieldTypes ? 'true' : undefined,
      })
      const { items, next, answer } = await list(target, 'contacts', readContact, attempt)
      if (next !== null && next === after) throw undecodable(answer, 'REPEATED_CURSOR')
      return { items, next }
    },
    updateContact: (uuid, changes, attempt) =>
      change(
        { method: 'PATCH', ...routes.contact(uuid), body: encodeChanges(changes) },
        attempt,
        hasUuid(uuid),
        createInputPathOf(changes),
      ),
    async deleteContact(uuid, attempt) {
      const answer = accepted(await call({ method: 'DELETE', ...routes.contact(uuid) }, attempt))
      if (!isDestroyed(answer)) throw undecodable(answer, 'NOT_DESTROYED')
    },
    listMessages: (uuid, page, attempt) =>
      listPage(routes.messages(uuid, page), page, 'messages', readMessage, attempt),
    async latestMessages(uuid, attempt) {
      const { items } = await list(routes.messages(uuid, 1), 'messages', readMessage, attempt)
      return items
    },
    async getBot(uuid, attempt) {
      const answer = await call({ method: 'GET', ...routes.bot(uuid) }, attempt)
      return isAbsence(answer) ? null : botIn(accepted(answer))
    },
    async setBotStatus(uuid, status, attempt) {
      const body = JSON.stringify({ status: `bot_${status}` })
      const answer = accepted(await call({ method: 'POST', ...routes.bot(uuid), body }, attempt))
      const bot = botIn(answer)
      if (bot === null) throw undecodable(answer, 'NO_BOT')
      return bot
    },
    async closeConversation(uuid, attempt) {
      const request = { method: 'POST', ...routes.closeConversation(uuid) } as const
      return (await change(request, attempt, hasUuid(uuid))).contact
    },
    async openConversation(uuid, attempt) {
      const request = { method: 'POST', ...routes.openConversation(uuid) } as const
      return (await change(request, attempt, hasUuid(uuid))).contact
    },
    async addNote(uuid, text, attempt) {
      const body = JSON.stringify({ text })
      const answer = await call({ method: 'POST', ...routes.note(uuid), body }, attempt)
      // Only the documented answer counts as a success: any other may belong to another request.
      if (!isAdded(accepted(answer, noteInputPath))) throw undecodable(answer, 'NOT_ADDED')
    },
    async moveToFunnel(uuid, funnelUuid, attempt) {
      const body = JSON.stringify({ funnel_id: funnelUuid })
      const request = { method: 'PUT', ...routes.funnel(uuid), body } as const
      const { contact } = await change(request, attempt, hasUuid(uuid), (parameter) =>
        parameter[0] === 'funnel_id'
          ? { path: ['funnelUuid'], rest: parameter.slice(1) }
          : noInputPath(parameter),
      )
      return contact
    },
    listTeams: (page, attempt) => listPage(routes.teams(page), page, 'teams', readTeam, attempt),
    listChannels: (page, attempt) => listPage(routes.channels(page), page, 'channels', readChannel, attempt),
    listFunnels: (page, attempt) => listPage(routes.funnels(page), page, 'funnels', readFunnel, attempt),
    async checkToken(attempt) {
      confirm(accepted(await call({ method: 'GET', ...routes.tokenOwner() }, attempt)))
    },
    timeAt,
    state,
    close,
  }
}

const noteInputPath: InputPathOf = (parameter, status) => {
  if (status === 404) return { path: ['uuid'], rest: parameter }
  return parameter[0] === 'text' ? { path: ['text'], rest: parameter.slice(1) } : noInputPath(parameter)
}
