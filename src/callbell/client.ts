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
} from '../contact.ts'
import { createBasePathCheck } from './base-path.ts'
import type { CallOptions, Request, Times, UpstreamState } from './call.ts'
import { createCall } from './call.ts'
import type { DecodedContact } from './decode-contact.ts'
import { decodeContact, readChannel, readContact, readTeam } from './decode-contact.ts'
import type { ReadableList } from './decode-list.ts'
import { decodeList, decodeObject, readBot, readFunnel, readMessage } from './decode-list.ts'
import { createPlace, encodeChanges, encodeNewContact } from './encode-contact.ts'
import { CallbellError } from './errors.ts'
import type { Answer } from './exchange.ts'
import { parseJson } from './json.ts'
import { nextPage } from './next-page.ts'
import { createQuote } from './quote.ts'
import type { Place } from './refusal.ts'
import { isSuccess, placeNowhere, refusalOf } from './refusal.ts'
import type { Reader } from './reader.ts'
import type { Found, LatestMessages, NumberedPage, Page } from './results.ts'
import type { Target } from './routes.ts'
import { routes } from './routes.ts'

export type { Times, UpstreamState } from './call.ts'
export type { Found, LatestMessages, NumberedPage, Page } from './results.ts'

export type CallbellClientOptions = CallOptions

/** Every function throws CallbellError. Any 2xx is a success: the documents do not say which one it is. */
export interface CallbellClient {
  /** `POST /contacts`, once. */
  createContact(contact: NewContact, times: Times): Promise<Contact>
  /** `GET /contacts/:uuid`. @param hasFieldTypes whether the types of custom fields are asked for */
  getContact(uuid: string, times: Times, hasFieldTypes?: boolean): Promise<Found>
  /** `GET /contacts/phone/:number`, on the main WhatsApp channel unless told. */
  getContactByPhone(phoneNumber: string, channelUuid: string | undefined, times: Times): Promise<Found>
  /** `GET /contacts/bsuid/:bsuid`. */
  getContactByBsuid(bsuid: string, times: Times): Promise<Found>
  /** `GET /contacts`, 20 at a time. @param after null: the first page */
  listContacts(
    filter: ContactFilter,
    after: string | null,
    times: Times,
    hasFieldTypes?: boolean,
  ): Promise<Page<Contact>>
  /** `PATCH /contacts/:uuid`. */
  updateContact(uuid: string, changes: ContactChanges, times: Times): Promise<Contact>
  /** `DELETE /contacts/:uuid`; a contact that is not there is refused. */
  deleteContact(uuid: string, times: Times): Promise<void>
  /** `GET /contacts/:uuid/messages`, newest first. @param page from 1 */
  listMessages(uuid: string, page: number, times: Times): Promise<NumberedPage<Message>>
  /** The first page of `GET /contacts/:uuid/messages`. */
  latestMessages(uuid: string, times: Times): Promise<LatestMessages>
  /** `GET /contacts/:uuid/bot`; null where there is none. */
  getBot(uuid: string, times: Times): Promise<Bot | null>
  /** `POST /contacts/:uuid/bot`. */
  setBotStatus(uuid: string, status: BotStatus, times: Times): Promise<Bot>
  /** `POST /contacts/:uuid/conversation/close`. */
  closeConversation(uuid: string, times: Times): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/open`. */
  openConversation(uuid: string, times: Times): Promise<Contact>
  /** `POST /contacts/:uuid/conversation/note`, once: each makes one more. */
  addNote(uuid: string, text: string, times: Times): Promise<void>
  /** `PUT /contacts/:uuid/conversation/update_funnel`. */
  moveToFunnel(uuid: string, funnelUuid: string, times: Times): Promise<Contact>
  /** `GET /teams`. @param page from 1 */
  listTeams(page: number, times: Times): Promise<NumberedPage<Team>>
  /** `GET /channels`. @param page from 1 */
  listChannels(page: number, times: Times): Promise<NumberedPage<Channel>>
  /** `GET /funnels`, of which no pages are documented. @param page from 1 */
  listFunnels(page: number, times: Times): Promise<NumberedPage<Funnel>>
  /** How things stand with Callbell, as far as the calls so far have told. */
  state(): UpstreamState
  close(): Promise<void>
}

export function createCallbellClient(options: CallbellClientOptions): CallbellClient {
  const { log } = options
  const { call: callOnce, state, close } = createCall(options)
  const quote = createQuote(options.token)
  const checkBasePath = createBasePathCheck(options.url, log)

  async function call(request: Request, times: Times): Promise<Answer> {
    const answer = await callOnce(request, times)
    checkBasePath(request, answer, times.origin.requestId)
    return answer
  }

  /** @returns the answer that it is given, if it is a success */
  function accepted(answer: Answer, place: Place = placeNowhere): Answer {
    if (!isSuccess(answer)) throw refusalOf(answer, place, quote)
    return answer
  }

  async function askForContact(request: Request, times: Times, place?: Place): Promise<Contact> {
    const answer = accepted(await call(request, times), place)
    return contactIn(answer, decodeContact(answer.text), times)
  }

  async function find(target: Target, times: Times): Promise<Found> {
    const answer = await call({ method: 'GET', ...target }, times)
    const clockLeadMs = clockLeadOf(answer)
    if (answer.status === 404) {
      // Callbell's error bodies are JSON, or perhaps empty: a page comes from something else.
      const isTold = answer.text.trim() === '' || parseJson(answer.text) !== undefined
      const { requestId } = times.origin
      if (!isTold) log.warn({ requestId }, 'a 404 is not in the form of Callbell: is CALLBELL_API_URL right?')
      return { contact: null, isTold, clockLeadMs }
    }
    const decoded = decodeContact(accepted(answer).text)
    const isAbsent = 'failure' in decoded && decoded.failure === 'ABSENT'
    return { contact: isAbsent ? null : contactIn(answer, decoded, times), isTold: true, clockLeadMs }
  }

  async function list<T>(
    target: Target,
    key: string,
    read: (reader: Reader) => T | null,
    times: Times,
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
    read: (reader: Reader) => T | null,
    times: Times,
  ): Promise<NumberedPage<T>> {
    const { items, answer, ...meta } = await list(target, key, read, times)
    const next = nextPage(page, meta)
    if (next === 'UNKNOWN_NEXT_PAGE') throw undecodable(answer, next)
    return { items, next, pages: meta.pages }
  }

  function contactIn(answer: Answer, decoded: DecodedContact, times: Times): Contact {
    if ('failure' in decoded) throw undecodable(answer, decoded.failure)
    warnOfUnreadable(decoded.unreadable, times)
    return decoded.contact
  }

  function warnOfUnreadable(unreadable: readonly string[], { origin: { requestId } }: Times): void {
    if (unreadable.length === 0) return
    log.warn({ requestId, paths: unreadable }, 'parts of an answer of Callbell have an unknown shape')
  }

  return {
    createContact: (contact, times) =>
      askForContact(
        { method: 'POST', ...routes.contacts(), body: encodeNewContact(contact) },
        times,
        createPlace(contact),
      ),
    getContact: (uuid, times, hasFieldTypes = false) =>
      find(routes.contact(uuid, { include_field_types: hasFieldTypes ? 'true' : undefined }), times),
    getContactByPhone: (phoneNumber, channelUuid, times) =>
      find(routes.contactByPhone(phoneNumber, { channel_uuid: channelUuid }), times),
    getContactByBsuid: (bsuid, times) => find(routes.contactByBsuid(bsuid), times),
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
      askForContact(
        { method: 'PATCH', ...routes.contact(uuid), body: encodeChanges(changes) },
        times,
        createPlace(changes),
      ),
    async deleteContact(uuid, times) {
      accepted(await call({ method: 'DELETE', ...routes.contact(uuid) }, times))
    },
    listMessages: (uuid, page, times) =>
      listPage(routes.messages(uuid, page), page, 'messages', readMessage, times),
    async latestMessages(uuid, times) {
      const { items, answer } = await list(routes.messages(uuid, 1), 'messages', readMessage, times)
      return { messages: items, clockLeadMs: clockLeadOf(answer) }
    },
    async getBot(uuid, times) {
      const answer = await call({ method: 'GET', ...routes.bot(uuid) }, times)
      return answer.status === 404 ? null : botIn(accepted(answer))
    },
    async setBotStatus(uuid, status, times) {
      const body = JSON.stringify({ status: `bot_${status}` })
      const answer = accepted(await call({ method: 'POST', ...routes.bot(uuid), body }, times))
      const bot = botIn(answer)
      if (bot === null) throw undecodable(answer, 'NO_BOT')
      return bot
    },
    closeConversation: (uuid, times) =>
      askForContact({ method: 'POST', ...routes.closeConversation(uuid) }, times),
    openConversation: (uuid, times) =>
      askForContact({ method: 'POST', ...routes.openConversation(uuid) }, times),
    async addNote(uuid, text, times) {
      const body = JSON.stringify({ text })
      accepted(await call({ method: 'POST', ...routes.note(uuid), body }, times), (parameter, status) => {
        if (status === 404) return { path: ['uuid'], rest: parameter }
        return parameter[0] === 'text'
          ? { path: ['text'], rest: parameter.slice(1) }
          : placeNowhere(parameter)
      })
    },
    moveToFunnel(uuid, funnelUuid, times) {
      const body = JSON.stringify({ funnel_id: funnelUuid })
      return askForContact({ method: 'PUT', ...routes.funnel(uuid), body }, times, (parameter) =>
        parameter[0] === 'funnel_id'
          ? { path: ['funnelUuid'], rest: parameter.slice(1) }
          : placeNowhere(parameter),
      )
    },
    listTeams: (page, times) => listPage(routes.teams(page), page, 'teams', readTeam, times),
    listChannels: (page, times) => listPage(routes.channels(page), page, 'channels', readChannel, times),
    listFunnels: (page, times) => listPage(routes.funnels(page), page, 'funnels', readFunnel, times),
    state,
    close,
  }
}

/** @returns null where the answer says that there is none */
function botIn(answer: Answer): Bot | null {
  const bot = decodeObject(answer.text, 'bot', readBot)
  if (bot === undefined) throw undecodable(answer, 'NO_BOT')
  return bot
}

function undecodable({ status }: Answer, failure: string): CallbellError {
  return new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${failure}`, {
    progress: 'answered',
    status,
  })
}

function clockLeadOf({ headers: { date } }: Answer): number {
  const told = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(told) ? 0 : told - Date.now()
}
