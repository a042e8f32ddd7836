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
import type { DispatcherOptions, Request, Deadlines, UpstreamState } from './dispatcher.ts'
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

export type { Deadlines, UpstreamState } from './dispatcher.ts'
export type { ReadableContact } from './codec/decode-contact.ts'
export type { NumberedPage, Page } from './results.ts'

export type CallbellClientOptions = DispatcherOptions

/** Every function throws CallbellError. Any 2xx is a success: the documents do not say which one it is. */
export interface CallbellClient {
  /** `POST /contacts`, once. */
  createContact(contact: NewContact, times: Deadlines): Promise<Contact>
  /** `GET /contacts/:uuid`. @param hasFieldTypes whether the types of custom fields are asked for */
  getContact(uuid: string, times: Deadlines, hasFieldTypes?: boolean): Promise<Contact | null>
  /** `GET /contacts/:uuid`, with whether its tags could be read. */
  getContactWithTags(uuid: string, times: Deadlines): Promise<ReadableContact | null>
  /** `GET /contacts/phone/:number`, on the main WhatsApp channel unless told. */
  getContactByPhone(
    phoneNumber: string,
    channelUuid: string | undefined,
    times: Deadlines,
  ): Promise<Contact | null>
  /** `GET /contacts/bsuid/:bsuid`. */
  getContactByBsuid(bsuid: string, times: Deadlines): Promise<Contact | null>
  /** `GET /contacts`, 20 at a time. @param after null: the first page */
  listContacts(
    filter: ContactFilter,
    after: string | null,
    times: Deadlines,
    hasFieldTypes?: boolean,
  ): Promise<Page<Contact>>
  /** `PATCH /contacts/:uuid`. */
  updateContact(uuid: string, changes: ContactChanges, times: Deadlines): Promise<ReadableContact>
  /** `DELETE /contacts/:uuid`; a contact that is not there is refused. */
  deleteContact(uuid: string, times: Deadlines): Promise<void>
  /** `GET /contacts/:uuid/messages`, newest first. @param page from 1 */
  listMessages(uuid: string, page: number, times: Deadlines): Promise<NumberedPage<Message>>
  /** The first page of `GET /contacts/:uuid/messages`. */
  latestMessages(uuid: string, times: Deadlines): Promise<readonly Message[]>
  /** `GET /contacts/:uuid/bot`; null where there is none. */
  getBot(uuid: string, times: Deadlines): Promise<Bot | null>
  /** `POST /contacts/:uuid/bot`. */
  setBotStatus(uuid: string, status: BotStatus, times: Deadlines): Promise<Bot>
  /** `POST /contacts/:uuid/conversation/close`. */
  closeConversation(uuid: string, times: Deadlines): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/open`. */
  openConversation(uuid: string, times: Deadlines): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/note`, once: each makes one more. */
  addNote(uuid: string, text: string, times: Deadlines): Promise<void>
  /** `PUT /contacts/:uuid/conversation/update_funnel`. */
  moveToFunnel(uuid: string, funnelUuid: string, times: Deadlines): Promise<Contact>
  /** `GET /teams`. @param page from 1 */
  listTeams(page: number, times: Deadlines): Promise<NumberedPage<Team>>
  /** `GET /channels`. @param page from 1 */
  listChannels(page: number, times: Deadlines): Promise<NumberedPage<Channel>>
  /** `GET /funnels`, of which no pages are documented. @param page from 1 */
  listFunnels(page: number, times: Deadlines): Promise<NumberedPage<Funnel>>
  /** Callbell's time at a moment, as far as its answers show it. See `CallbellClock.timeAt`. */
  readonly timeAt: (moment: Moment) => number | null
  /** `GET /auth/me`: whether the token is accepted. What it says of the user is not kept. */
  checkToken(times: Deadlines): Promise<void>
  /** How things stand with Callbell, as far as the calls so far have told. */
  state(): UpstreamState
  close(): Promise<void>
}

export function createCallbellClient(options: CallbellClientOptions): CallbellClient {
  const { log } = options
  const { call: callOnce, timeAt, state, close } = createDispatcher(options)
  const sanitize = createSanitizer(options.token)
  const checkBasePath = createBasePathCheck(options.url, log)

  async function call(request: Request, times: Deadlines): Promise<Answer> {
    const answer = await callOnce(request, times)
    checkBasePath(request, answer, times.origin.requestId)
    return answer
  }

  /** @returns the answer that it is given, if it is a success */
  function accepted(answer: Answer, place: InputPathOf = noInputPath): Answer {
    if (!isSuccess(answer)) throw toCallbellError(answer, place, sanitize)
    return answer
  }

  async function askForContact(request: Request, times: Deadlines, place?: InputPathOf): Promise<Contact> {
    const answer = accepted(await call(request, times), place)
    return contactIn(answer, decodeContact(answer.text), times).contact
  }

  /** @returns the contact with this uuid after a change of it */
  async function change(
    uuid: string,
    request: Request,
    times: Deadlines,
    place?: InputPathOf,
  ): Promise<ReadableContact> {
    const answer = accepted(await call(request, times), place)
    return contactIn(answer, decodeContact(answer.text), times, hasUuid(uuid))
  }

  async function find(target: Target, times: Deadlines, isSame: Matches): Promise<ReadableContact | null> {
    const answer = await call({ method: 'GET', ...target }, times)
    if (isAbsence(answer)) return null
    const decoded = decodeContact(accepted(answer).text)
    if ('failure' in decoded && decoded.failure === 'ABSENT') return null
    return contactIn(answer, decoded, times, isSame)
  }

  async function list<T>(
    target: Target,
    key: string,
    read: (reader: JsonReader) => T | null,
    times: Deadlines,
  ): Promise<ReadableList<T> & { readonly answer: Answer }> {
    const answer = accepted(await call({ method: 'GET', ...target }, times))
    const decoded = decodeList(answer.text, key, read)
    if ('failure' in decoded) throw undecodable(answer, decoded.failure)
    warnOfUnreadable(decoded.unreadable, times)
    return { ...decoded, answer }
  }

  async function listPage<T>(
    target: Target,
    page: number,
    key: string,
    read: (reader: JsonReader) => T | null,
    times: Deadlines,
  ): Promise<NumberedPage<T>> {
    const { items, answer, ...meta } = await list(target, key, read, times)
    const next = nextPage(page, meta)
    if (next === 'UNKNOWN_NEXT_PAGE') throw undecodable(answer, next)
    return { items, next, pages: meta.pages }
  }

  /** @param isSame whether it is the contact that was asked for: answers may be mixed up on their way */
  function contactIn(
    answer: Answer,
    decoded: DecodedContact,
    times: Deadlines,
    isSame?: Matches,
  ): ReadableContact {
    if ('failure' in decoded) throw undecodable(answer, decoded.failure)
    if (isSame?.(decoded.contact) === false) throw undecodable(answer, 'ANOTHER_CONTACT')
    warnOfUnreadable(decoded.unreadable, times)
    return decoded
  }

  function warnOfUnreadable(unreadable: readonly string[], { origin: { requestId } }: Deadlines): void {
    if (unreadable.length === 0) return
    log.warn({ requestId, paths: unreadable }, 'parts of an answer of Callbell have an unknown shape')
  }

  return {
    createContact: (contact, times) =>
      askForContact(
        { method: 'POST', ...routes.contacts(), body: encodeNewContact(contact) },
        times,
        createInputPathOf(contact),
      ),
    async getContact(uuid, times, hasFieldTypes = false) {
      const target = routes.contact(uuid, { include_field_types: hasFieldTypes ? 'true' : undefined })
      return (await find(target, times, hasUuid(uuid)))?.contact ?? null
    },
    getContactWithTags: (uuid, times) => find(routes.contact(uuid), times, hasUuid(uuid)),
    async getContactByPhone(phoneNumber, channelUuid, times) {
      const target = routes.contactByPhone(phoneNumber, { channel_uuid: channelUuid })
      return (await find(target, times, hasPhoneNumber(phoneNumber)))?.contact ?? null
    },
    async getContactByBsuid(bsuid, times) {
      return (await find(routes.contactByBsuid(bsuid), times, hasBsuid(bsuid)))?.contact ?? null
    },
    async listContacts({ source, tags, teamUuid }, after, times, hasFieldTypes = false) {
      const target = routes.contacts({
        after: after ?? undefined,
        source,
        tags: tags?.join(','),
        team_uuid: teamUuid,
        include_field_types: hasFieldTypes ? 'true' : undefined,
      })
      const { items, next, answer } = await list(target, 'contacts', readContact, times)
      if (next !== null && next === after) throw undecodable(answer, 'REPEATED_CURSOR')
      return { items, next }
    },
    updateContact: (uuid, changes, times) =>
      change(
        uuid,
        { method: 'PATCH', ...routes.contact(uuid), body: encodeChanges(changes) },
        times,
        createInputPathOf(changes),
      ),
    async deleteContact(uuid, times) {
      const answer = accepted(await call({ method: 'DELETE', ...routes.contact(uuid) }, times))
      if (!isDestroyed(answer)) throw undecodable(answer, 'NOT_DESTROYED')
    },
    listMessages: (uuid, page, times) =>
      listPage(routes.messages(uuid, page), page, 'messages', readMessage, times),
    async latestMessages(uuid, times) {
      const { items } = await list(routes.messages(uuid, 1), 'messages', readMessage, times)
      return items
    },
    async getBot(uuid, times) {
      const answer = await call({ method: 'GET', ...routes.bot(uuid) }, times)
      return isAbsence(answer) ? null : botIn(accepted(answer))
    },
    async setBotStatus(uuid, status, times) {
      const body = JSON.stringify({ status: `bot_${status}` })
      const answer = accepted(await call({ method: 'POST', ...routes.bot(uuid), body }, times))
      const bot = botIn(answer)
      if (bot === null) throw undecodable(answer, 'NO_BOT')
      return bot
    },
    async closeConversation(uuid, times) {
      const request = { method: 'POST', ...routes.closeConversation(uuid) } as const
      return (await change(uuid, request, times)).contact
    },
    async openConversation(uuid, times) {
      const request = { method: 'POST', ...routes.openConversation(uuid) } as const
      return (await change(uuid, request, times)).contact
    },
    async addNote(uuid, text, times) {
      const body = JSON.stringify({ text })
      const answer = await call({ method: 'POST', ...routes.note(uuid), body }, times)
      // Only what the documents say is believed: anything else may be the answer to another request.
      if (!isAdded(accepted(answer, noteInputPath))) throw undecodable(answer, 'NOT_ADDED')
    },
    async moveToFunnel(uuid, funnelUuid, times) {
      const body = JSON.stringify({ funnel_id: funnelUuid })
      const request = { method: 'PUT', ...routes.funnel(uuid), body } as const
      const { contact } = await change(uuid, request, times, (parameter) =>
        parameter[0] === 'funnel_id'
          ? { path: ['funnelUuid'], rest: parameter.slice(1) }
          : noInputPath(parameter),
      )
      return contact
    },
    listTeams: (page, times) => listPage(routes.teams(page), page, 'teams', readTeam, times),
    listChannels: (page, times) => listPage(routes.channels(page), page, 'channels', readChannel, times),
    listFunnels: (page, times) => listPage(routes.funnels(page), page, 'funnels', readFunnel, times),
    async checkToken(times) {
      confirm(accepted(await call({ method: 'GET', ...routes.tokenOwner() }, times)))
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

function undecodable({ status }: Answer, failure: string): CallbellError {
  return new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${failure}`, {
    progress: 'answered',
    status,
    mayPass: transientDecodingFailures.has(failure),
  })
}
