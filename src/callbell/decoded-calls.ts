/** Calls to Callbell whose answers are checked and decoded: of one contact, and of lists. */
import { isAbsence, undecodable } from './answers.ts'
import { createBasePathCheck } from './base-path.ts'
import type { DecodedContact, ReadableContact } from './codec/decode-contact.ts'
import { decodeContact } from './codec/decode-contact.ts'
import type { ReadableList } from './codec/decode-list.ts'
import { decodeList } from './codec/decode-list.ts'
import type { JsonReader } from './codec/json-reader.ts'
import { nextPage } from './codec/next-page.ts'
import { createSanitizer } from './codec/sanitize-upstream-text.ts'
import type { Attempt, Dispatcher, DispatcherOptions, CallbellRequest } from './dispatcher.ts'
import type { Matches } from './same-contact.ts'
import type { InputPathOf } from './to-callbell-error.ts'
import { isSuccess, noInputPath, toCallbellError } from './to-callbell-error.ts'
import type { Answer } from './response-handler.ts'
import type { Target } from './url-templates.ts'

/** A page of a list whose pages are numbered from 1. */
export interface NumberedPage<T> {
  readonly items: readonly T[]
  /** The number of the next page; null after the last one; undefined if the answer does not state it. */
  readonly next: number | null | undefined
  /** The number of pages; null if the answer does not state it. */
  readonly pages: number | null
}

/** Every function but `accepted` sends one request, and every function throws CallbellError. */
export interface DecodedCalls {
  /** @returns the answer, whatever its status */
  readonly call: (request: CallbellRequest, attempt: Attempt) => Promise<Answer>
  /**
   * @param inputPathOf finds the parameters that Callbell names in the input. Default: none
   * @returns the same answer, if it is a success
   */
  readonly accepted: (answer: Answer, inputPathOf?: InputPathOf) => Answer
  /**
   * @param isSame whether it may be the contact of the request: a proxy may mix up answers
   * @param inputPathOf as for `accepted`
   * @returns the contact that the request created or changed
   */
  readonly change: (
    request: CallbellRequest,
    attempt: Attempt,
    isSame?: Matches,
    inputPathOf?: InputPathOf,
  ) => Promise<ReadableContact>
  /**
   * @param isSame as for `change`
   * @returns null if there is no such contact
   */
  readonly find: (target: Target, attempt: Attempt, isSame: Matches) => Promise<ReadableContact | null>
  /** @param key of the list in the answer. @param read decodes one item */
  readonly list: <T>(
    target: Target,
    key: string,
    read: (reader: JsonReader) => T | null,
    attempt: Attempt,
  ) => Promise<ReadableList<T> & { readonly answer: Answer }>
  /** A list with numbered pages. @param page from 1 */
  readonly listPage: <T>(
    target: Target,
    page: number,
    key: string,
    read: (reader: JsonReader) => T | null,
    attempt: Attempt,
  ) => Promise<NumberedPage<T>>
}

export function createDecodedCalls(
  dispatcher: Dispatcher,
  { token, url, log }: Pick<DispatcherOptions, 'token' | 'url' | 'log'>,
): DecodedCalls {
  const sanitize = createSanitizer(token)
  const checkBasePath = createBasePathCheck(url, log)

  async function call(request: CallbellRequest, attempt: Attempt): Promise<Answer> {
    const answer = await dispatcher.call(request, attempt)
    checkBasePath(request, answer, attempt.context.requestId)
    return answer
  }

  function accepted(answer: Answer, inputPathOf: InputPathOf = noInputPath): Answer {
    if (!isSuccess(answer)) throw toCallbellError(answer, inputPathOf, sanitize)
    return answer
  }

  async function change(
    request: CallbellRequest,
    attempt: Attempt,
    isSame?: Matches,
    inputPathOf?: InputPathOf,
  ): Promise<ReadableContact> {
    const answer = accepted(await call(request, attempt), inputPathOf)
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

  return { call, accepted, change, find, list, listPage }
}
