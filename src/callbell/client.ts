/** The Callbell REST API as typed functions: each sends one request, and says what the answer means. */
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
import { createBasePathCheck } from './base-path.ts'
import type { Attempt, DispatcherOptions, Request, UpstreamState } from './dispatcher.ts'
import { createDispatcher } from './dispatcher.ts'
import type { DecodedContact, ReadableContact } from './codec/decode-contact.ts'
import { decodeContact, readChannel, readContact, readTeam } from './codec/decode-contact.ts'
import type { ReadableList } from './codec/decode-list.ts'
import { decodeList, decodeObject, readBot, readFunnel, readMessage } from './codec/decode-list.ts'
import { createInputPathOf, encodeChanges, encodeNewContact } from './codec/encode-contact.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Answer } from './transport.ts'
import { deniesSuccess, isObject, ownValue, parseJson } from './codec/json.ts'
import { nextPage } from './codec/next-page.ts'
import { createSanitizer } from './codec/sanitize-upstream-text.ts'
import type { InputPathOf } from './to-callbell-error.ts'
import { hasOwnError, isSuccess, noInputPath, toCallbellError } from './to-callbell-error.ts'
import type { JsonReader } from './codec/json-reader.ts'
import type { NumberedPage, Page } from './results.ts'
import type { Target } from './url-templates.ts'
import { routes } from './url-templates.ts'
import type { Matches } from './same-contact.ts'
import { hasBsuid, hasPhoneNumber, hasUuid } from './same-contact.ts'

export type { Attempt, Deadlines, UpstreamState } from './dispatcher.ts'
export type { ReadableContact } from './codec/decode-contact.ts'
export type { NumberedPage, Page } from './results.ts'

export type CallbellClientOptions = DispatcherOptions

/** Every function throws CallbellError. Any 2xx is a success: the documents do not say which one it is. */
export interface CallbellClient {
  /** `POST /contacts`, once. @param isSame whether the answer may show the contact that was to be created */
  createContact(contact: NewContact, attempt: Attempt, isSame?: Matches): Promise<Contact>
  /** `GET /contacts/:uuid`. @param hasFieldTypes whether the types of custom fields are asked for */
  getContact(uuid: string, attempt: Attempt, hasFieldTypes?: boolean): Promise<Contact | null>
  /** `GET /contacts/:uuid`, with whether its tags could be read. */
  getContactWithTags(uuid: string, attempt: Attempt): Promise<ReadableContact | null>
  /** `GET /contacts/phone/:number`, on the main WhatsApp channel unless told. */
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
  /** `DELETE /contacts/:uuid`; a contact that is not there is refused. */
  deleteContact(uuid: string, attempt: Attempt): Promise<void>
  /** `GET /contacts/:uuid/messages`, newest first. @param page from 1 */
  listMessages(uuid: string, page: number, attempt: Attempt): Promise<NumberedPage<Message>>
  /** The first page of `GET /contacts/:uuid/messages`. */
  latestMessages(uuid: string, attempt: Attempt): Promise<readonly Message[]>
  /** `GET /contacts/:uuid/bot`; null where there is none. */
  getBot(uuid: string, attempt: Attempt): Promise<Bot | null>
  /** `POST /contacts/:uuid/bot`. */
  setBotStatus(uuid: string, status: BotStatus, attempt: Attempt): Promise<Bot>
  /** `POST /contacts/:uuid/conversation/close`. */
  closeConversation(uuid: string, attempt: Attempt): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/open`. */
  openConversation(uuid: string, attempt: Attempt): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/note`, once: each makes one more. */
  addNote(uuid: string, text: string, attempt: Attempt): Promise<void>
  /** `PUT /contacts/:uuid/conversation/update_funnel`. */
  moveToFunnel(uuid: string, funnelUuid: string, attempt: Attempt): Promise<Contact>
  /** `GET /teams`. @param page from 1 */
  listTeams(page: number, attempt: Attempt): Promise<NumberedPage<Team>>
  /** `GET /channels`. @param page from 1 */
  listChannels(page: number, attempt: Attempt): Promise<NumberedPage<Channel>>
  /** `GET /funnels`, of which no pages are documented. @param page from 1 */
  listFunnels(page: number, attempt: Attempt): Promise<NumberedPage<Funnel>>
  /** Callbell's time at a moment, as far as its answers show it. See `CallbellClock.timeAt`. */
  readonly timeAt: (moment: Moment) => number | null
  /** `GET /auth/me`: whether the token is accepted. What it says of the user is not kept. */
  checkToken(attempt: Attempt): Promise<void>
  /** How things stand with Callbell, as far as the calls so far have told. */
  state(): UpstreamState
  close(): Promise<void>
}

export function createCallbellClient(options: CallbellClientOptions): CallbellClient {
  const { log } = options
  const { call: callOnce, timeAt, state, close } = createDispatcher(options)
  const sanitize = createSanitizer(options.token)
  const checkBasePath = createBasePathCheck(options.url, log)

  async function call(request: Request, attempt: Attempt): Promise<Answer> {
    const answer = await callOnce(request, attempt)
    checkBasePath(request, answer, attempt.context.requestId)
    return answer
  }

  /** @returns the answer that it is given, if it is a success */
  function accepted(answer: Answer, place: InputPathOf = noInputPath): Answer {
    if (!isSuccess(answer)) throw toCallbellError(answer, place, sanitize)
    return answer
  }

  /** @returns the contact that the request created or changed */
  async function change(
    request: Request,
    attempt: Attempt,
    isSame?: Matches,
    place?: InputPathOf,
  ): Promise<ReadableContact> {
    const answer = accepted(await call(request, attempt), place)
    return contactIn(answer, decodeContact(answer.text), attempt, isSame)
  }

  async function find(target: Target, attempt: Attempt, isSame: Matches): Promise<ReadableContact | null> {
    const answer = await call({ method: 'GET', ...target }, attempt)
    if (isAbsence(answer)) return null
    const decoded = decodeContact(accepted(answer).text)
    if ('failure' in decoded && decoded.failure === 'ABSENT') return null
    return contactIn(answer, decoded, attempt, isSame)
  }

  async function list<T>(
    target: Target,
    key: string,
    read: (reader: JsonReader) => T | null,
    attempt: Attempt,
  ): Promise<ReadableList<T> & { readonly answer: Answer }> {
    const answer = accepted(await call({ method: 'GET', ...target }, attempt))
    const decoded = decodeList(answer.text, key, read)
    if ('failure' in decoded) throw undecodable(answer, decoded.failure)
    warnOfUnreadable(decoded.unreadable, attempt)
    return { ...decoded, answer }
  }

  async function listPage<T>(
    target: Target,
    page: number,
    key: string,
    read: (reader: JsonReader) => T | null,
    attempt: Attempt,
  ): Promise<NumberedPage<T>> {
    const { items, answer, ...meta } = await list(target, key, read, attempt)
    const next = nextPage(page, meta)
    if (next === 'UNKNOWN_NEXT_PAGE') throw undecodable(answer, next)
    return { items, next, pages: meta.pages }
  }

  /** @param isSame whether it is the contact that was asked for: answers may be mixed up on their way */
  function contactIn(
    answer: Answer,
    decoded: DecodedContact,
    attempt: Attempt,
    isSame?: Matches,
  ): ReadableContact {
    if ('failure' in decoded) throw undecodable(answer, decoded.failure)
    if (isSame?.(decoded.contact) === false) throw undecodable(answer, 'ANOTHER_CONTACT')
    warnOfUnreadable(decoded.unreadable, attempt)
    return decoded
  }

  function warnOfUnreadable(unreadable: readonly string[], { context: { requestId } }: Attempt): void {
    if (unreadable.length === 0) return
    log.warn({ requestId, paths: unreadable }, 'parts of an answer of Callbell have an unknown shape')
  }

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
      // Only what the documents say is believed: anything else may be the answer to another request.
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

/** The documented answer to a note: `{"success":true}`. */
function isAdded({ text }: Answer): boolean {
  const body = parseJson(text)
  return isObject(body) && ownValue(body, 'success') === true && !deniesSuccess(body)
}

/** A success without anything to be read from it must at least be JSON that does not deny it. */
function confirm(answer: Answer): void {
  const body = parseJson(answer.text)
  if (body === undefined) throw undecodable(answer, 'NOT_JSON')
  if (deniesSuccess(body)) throw undecodable(answer, 'DENIED')
}

/** Only Callbell's own 404 says that there is no such thing: the page of a proxy, or nothing, does not. */
function isAbsence(answer: Answer): boolean {
  return answer.status === 404 && hasOwnError(answer)
}

/** Only what the documents say is believed: after anything else, another DELETE finds out. */
function isDestroyed({ text }: Answer): boolean {
  const body = parseJson(text)
  return isObject(body) && ownValue(body, 'status') === 'contact was destroyed' && !deniesSuccess(body)
}

/** @returns null where the answer says that there is none */
function botIn(answer: Answer): Bot | null {
  const bot = decodeObject(answer.text, 'bot', readBot)
  if (bot === undefined) throw undecodable(answer, 'NO_BOT')
  return bot
}

/** These come from something between Callbell and us, or pass; an unknown form would come again. */
const transientDecodingFailures: ReadonlySet<string> = new Set(['NOT_JSON', 'DENIED', 'ANOTHER_CONTACT'])

function undecodable({ sentAt, status }: Answer, failure: string): CallbellError {
  return new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${failure}`, {
    progress: 'answered',
    sentAt,
    status,
    mayPass: transientDecodingFailures.has(failure),
  })
}
