/** The Callbell REST API as typed functions: what an answer means, on top of one exchange. */
import type { Origin } from '../caller.ts'
import type { Contact, NewContact } from '../contact.ts'
import type { Logger } from '../telemetry/log.ts'
import { createBreaker } from './breaker.ts'
import type { DecodedContact } from './decode-contact.ts'
import { decodeContact } from './decode-contact.ts'
import { decodeError } from './decode-error.ts'
import type { PlacedParameter } from './encode-contact.ts'
import { encodeNewContact, placeParameter } from './encode-contact.ts'
import type { Progress, Rejection } from './errors.ts'
import { CallbellError } from './errors.ts'
import type { Answer, ExchangeOptions, Request } from './exchange.ts'
import { createExchange } from './exchange.ts'
import { parseJson } from './json.ts'
import type { PaceOptions } from './pace.ts'
import { createPace } from './pace.ts'
import { createQuote } from './quote.ts'
import { parseRetryAfter } from './retry-after.ts'

/**
 * On whose behalf a request is made, when it must have had its turn, and when its answer, on the
 * clock of `performance.now()`.
 */
export interface Times {
  readonly origin: Origin
  readonly enterBy: number
  readonly answerBy: number
  /** Called when the request is about to leave, if it does. */
  readonly onSent?: () => void
}

export interface Found {
  /** Null where there is none. */
  readonly contact: Contact | null
  /** Whether it was surely Callbell that told. */
  readonly isTold: boolean
  /**
   * Milliseconds by which Callbell's clock is ahead of ours, as its `Date` header tells: by whole
   * seconds, rounded down. 0 where it tells none.
   */
  readonly clockLeadMs: number
}

export type CallbellClientOptions = Omit<ExchangeOptions, 'connections'> &
  Pick<PaceOptions, 'maxRps' | 'takeTurns'> & { readonly log: Logger }

/** 300 requests a second at 0.8 s each keep 240 connections busy. */
const connections = 256
const mostLoggedPaths = 20

export interface CallbellClient {
  /**
   * `POST /contacts`, once. Any 2xx is a success: the documents do not say which one it is.
   *
   * @throws CallbellError
   */
  createContact(contact: NewContact, times: Times): Promise<Contact>
  /** `GET /contacts/:uuid`. */
  getContact(uuid: string, times: Times): Promise<Found>
  /** `GET /contacts/phone/:number`, on the main WhatsApp channel unless told. */
  getContactByPhone(phoneNumber: string, channelUuid: string | undefined, times: Times): Promise<Found>
  close(): Promise<void>
}

export function createCallbellClient(options: CallbellClientOptions): CallbellClient {
  const { log, maxRps, takeTurns } = options
  const exchange = createExchange({ ...options, connections })
  const pace = createPace({ maxRps, maxInFlight: connections, takeTurns })
  const breaker = createBreaker()
  const quote = createQuote(options.token)

  /** One exchange in its turn, unless Callbell is known to be down. */
  async function send(request: Request, { origin, enterBy, answerBy, onSent }: Times): Promise<Answer> {
    breaker.check()
    const pass = await pace.enter(enterBy, origin.caller.bucket)
    const allowedMs = Math.max(0, Math.ceil(answerBy - performance.now()))
    const run = (): Promise<Answer> =>
      exchange.send(request, AbortSignal.timeout(allowedMs), {
        sent() {
          pass.sent()
          origin.countCall()
          onSent?.()
        },
        done: pass.done,
      })
    // What had little time to be answered tells nothing of Callbell when it is not.
    const isTelling = allowedMs >= options.connectTimeoutMs / 2
    const answer = await (isTelling ? breaker.watch(run, pass.done) : run())
    if (answer.status === 429) pace.slowDown()
    else pace.speedUp()
    return answer
  }

  async function get(path: string, times: Times): Promise<Found> {
    const answer = await send({ method: 'GET', path }, times)
    const clockLeadMs = clockLeadOf(answer)
    if (answer.status === 404) {
      // Callbell's error bodies are JSON, or perhaps empty: a page comes from something else.
      const isTold = answer.text.trim() === '' || parseJson(answer.text) !== undefined
      if (!isTold) log.warn('a 404 is not in the form of Callbell: is CALLBELL_API_URL right?')
      return { contact: null, isTold, clockLeadMs }
    }
    if (!isSuccess(answer)) throw refusal(answer, (parameter) => ({ path: null, rest: parameter }))
    const decoded = decodeContact(answer.text)
    const isAbsent = 'failure' in decoded && decoded.failure === 'ABSENT'
    return { contact: isAbsent ? null : readContact(answer, decoded), isTold: true, clockLeadMs }
  }

  function readContact({ status }: Answer, decoded: DecodedContact): Contact {
    if ('failure' in decoded) {
      throw new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${decoded.failure}`, {
        progress: 'answered',
        status,
      })
    }
    if (decoded.unreadable.length > 0) {
      const paths = decoded.unreadable.slice(0, mostLoggedPaths)
      log.warn({ paths }, 'parts of an answer of Callbell have an unknown shape')
    }
    return decoded.contact
  }

  /** The error that a complete answer other than 2xx means. */
  function refusal(answer: Answer, place: (parameter: readonly string[]) => PlacedParameter): CallbellError {
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
      rejections: readRejections(status, text, place, quote),
    })
  }

  return {
    async createContact(contact, times) {
      const request = { method: 'POST', path: '/contacts', body: encodeNewContact(contact) } as const
      const answer = await send(request, times)
      if (isSuccess(answer)) return readContact(answer, decodeContact(answer.text))
      throw refusal(answer, (parameter) => placeParameter(parameter, contact))
    },
    getContact: (uuid, times) => get(`/contacts/${encodeURIComponent(uuid)}`, times),
    getContactByPhone(phoneNumber, channelUuid, times) {
      const query = channelUuid === undefined ? '' : `?channel_uuid=${encodeURIComponent(channelUuid)}`
      return get(`/contacts/phone/${encodeURIComponent(phoneNumber)}${query}`, times)
    },
    close: () => exchange.close(),
  }
}

function clockLeadOf({ headers: { date } }: Answer): number {
  const told = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(told) ? 0 : told - Date.now()
}

function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function readRejections(
  status: number,
  text: string,
  place: (parameter: readonly string[]) => PlacedParameter,
  quote: (words: string) => string,
): Rejection[] {
  const rejections = decodeError(text).flatMap(({ parameter, message }) => {
    const { path, rest } = place(parameter)
    // What has no place in the path must still be said somewhere.
    const words = quote([...rest, message].join(': '))
    return words === '' ? [] : [{ path, message: words }]
  })
  if (rejections.length > 0) return rejections
  return [{ path: null, message: `Callbell refused the request (status ${status}) without saying why` }]
}
