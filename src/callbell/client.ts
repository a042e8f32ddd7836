/** The Callbell REST API as typed functions: what an answer means, on top of one exchange. */
import type { Contact, NewContact } from '../contact.ts'
import type { Logger } from '../telemetry/log.ts'
import { decodeContact } from './decode-contact.ts'
import { decodeError } from './decode-error.ts'
import { encodeNewContact, pathOfParameter } from './encode-contact.ts'
import type { Progress, Rejection } from './errors.ts'
import { CallbellError } from './errors.ts'
import type { Answer, Exchange, ExchangeOptions } from './exchange.ts'
import { createExchange } from './exchange.ts'
import { parseRetryAfter } from './retry-after.ts'

export interface CallbellClient {
  /**
   * `POST /contacts`, once. Any 2xx is a success: the documents do not say which one it is.
   *
   * @param signal the deadline of the whole call
   * @throws CallbellError
   */
  createContact(contact: NewContact, signal: AbortSignal): Promise<Contact>
  /** `GET /contacts/:uuid`; null where there is no such contact. */
  getContact(uuid: string, signal: AbortSignal): Promise<Contact | null>
  /** `GET /contacts/phone/:number`, on the main WhatsApp channel unless told; null where there is none. */
  getContactByPhone(
    phoneNumber: string,
    channelUuid: string | undefined,
    signal: AbortSignal,
  ): Promise<Contact | null>
  close(): Promise<void>
}

export function createCallbellClient(options: ExchangeOptions & { readonly log: Logger }): CallbellClient {
  const { log, token } = options
  const exchange: Exchange = createExchange(options)

  async function get(path: string, signal: AbortSignal): Promise<Contact | null> {
    const answer = await exchange.send({ method: 'GET', path }, signal)
    if (answer.status === 404) return null
    if (!isSuccess(answer)) throw refusal(answer, (parameter) => parameter)
    return readContact(answer, 'absent is null')
  }

  function readContact(answer: Answer, absence: 'absent is a failure'): Contact
  function readContact(answer: Answer, absence: 'absent is null'): Contact | null
  function readContact(answer: Answer, absence: string): Contact | null {
    const decoded = decodeContact(answer.text)
    if ('contact' in decoded) {
      if (decoded.unreadable.length > 0) {
        log.warn({ paths: decoded.unreadable }, 'parts of an answer of Callbell have an unknown shape')
      }
      return decoded.contact
    }
    if (decoded.failure === 'NO_CONTACT' && absence === 'absent is null') return null
    throw new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${decoded.failure}`, {
      progress: 'answered',
      status: answer.status,
    })
  }

  /** The error that a complete answer other than 2xx means. */
  function refusal(
    answer: Answer,
    pathOf: (parameter: readonly string[]) => readonly string[] | null,
  ): CallbellError {
    const { status, headers, text } = answer
    const retryAfter = headers['retry-after']
    const details = {
      progress: 'answered' satisfies Progress,
      status,
      retryAfterMs: parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now()),
    } as const
    const message = `Callbell answered ${status}`
    if (status === 401 || status === 403) return new CallbellError('CALLBELL_UNAUTHORIZED', message, details)
    if (status === 402) return new CallbellError('CALLBELL_PAYMENT_REQUIRED', message, details)
    if (status === 429) return new CallbellError('CALLBELL_RATE_LIMITED', message, details)
    if (status >= 500) return new CallbellError('CALLBELL_UNAVAILABLE', message, details)
    if (status < 400) return new CallbellError('CALLBELL_INVALID_RESPONSE', message, details)
    return new CallbellError('CALLBELL_REJECTED', message, {
      ...details,
      rejections: readRejections(status, text, pathOf, token),
    })
  }

  return {
    async createContact(contact, signal) {
      const request = { method: 'POST', path: '/contacts', body: encodeNewContact(contact) } as const
      const answer = await exchange.send(request, signal)
      if (isSuccess(answer)) return readContact(answer, 'absent is a failure')
      throw refusal(answer, (parameter) => pathOfParameter(parameter, contact))
    },
    getContact: (uuid, signal) => get(`/contacts/${encodeURIComponent(uuid)}`, signal),
    getContactByPhone(phoneNumber, channelUuid, signal) {
      const query = channelUuid === undefined ? '' : `?channel_uuid=${encodeURIComponent(channelUuid)}`
      return get(`/contacts/phone/${encodeURIComponent(phoneNumber)}${query}`, signal)
    },
    close: () => exchange.close(),
  }
}

function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function readRejections(
  status: number,
  text: string,
  pathOf: (parameter: readonly string[]) => readonly string[] | null,
  token: string,
): Rejection[] {
  const rejections = decodeError(text).flatMap(({ parameter, message }) => {
    const path = parameter.length > 0 ? pathOf(parameter) : null
    // A parameter that has no place in the request must still be named somewhere.
    const subject = path === null && parameter.length > 0 ? `${parameter.join('.')}: ` : ''
    const words = quote(subject + message, token)
    return words === '' ? [] : [{ path, message: words }]
  })
  if (rejections.length > 0) return rejections
  return [{ path: null, message: `Callbell refused the request (status ${status}) without saying why` }]
}

/** Upstream's words made safe to show: no control characters, not our token, at most 300 characters. */
function quote(words: string, token: string): string {
  const safe = words
    .replaceAll(token, '[token]')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
  const characters = Array.from(safe)
  return characters.length > 300 ? `${characters.slice(0, 299).join('')}…` : safe
}
