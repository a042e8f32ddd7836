/** Checks of complete answers of Callbell that show neither a contact nor a list. Pure. */
import { CallbellError } from '../domain/callbell-error.ts'
import type { Bot } from '../domain/contact.ts'
import { decodeObject, readBot } from './codec/decode-list.ts'
import { deniesSuccess } from './codec/json.ts'
import { isObject, ownValue, parseJson } from '../domain/json.ts'
import { hasOwnError } from './to-callbell-error.ts'
import type { Answer } from './response-handler.ts'

/** The documented answer to a note: `{"success":true}`. */
export function isAdded({ text }: Answer): boolean {
  const body = parseJson(text)
  return isObject(body) && ownValue(body, 'success') === true && !deniesSuccess(body)
}

/**
 * Checks a success from which nothing is read: it must be JSON that does not deny the success.
 *
 * @throws CallbellError
 */
export function confirm(answer: Answer): void {
  const body = parseJson(answer.text)
  if (body === undefined) throw undecodable(answer, 'NOT_JSON')
  if (deniesSuccess(body)) throw undecodable(answer, 'DENIED')
}

/** Only a 404 in Callbell's own form says that there is no such thing: a proxy's page or an empty body does not. */
export function isAbsence(answer: Answer): boolean {
  return answer.status === 404 && hasOwnError(answer)
}

/** Only the documented answer counts as a success: after any other, another DELETE shows the outcome. */
export function isDestroyed({ text }: Answer): boolean {
  const body = parseJson(text)
  return isObject(body) && ownValue(body, 'status') === 'contact was destroyed' && !deniesSuccess(body)
}

/** @returns null if the answer says that there is no bot. @throws CallbellError */
export function botIn(answer: Answer): Bot | null {
  const bot = decodeObject(answer.text, 'bot', readBot)
  if (bot === undefined) throw undecodable(answer, 'NO_BOT')
  return bot
}

/** A proxy between Callbell and the gateway causes these, or they pass. An unknown form would return. */
const transientDecodingFailures: ReadonlySet<string> = new Set(['NOT_JSON', 'DENIED', 'ANOTHER_CONTACT'])

/** @param failure why the answer of a success did not decode, as in `ANOTHER_CONTACT` */
export function undecodable({ sentAt, status }: Answer, failure: string): CallbellError {
  return new CallbellError('CALLBELL_INVALID_RESPONSE', `the answer did not decode: ${failure}`, {
    progress: 'answered',
    sentAt,
    status,
    mayPass: transientDecodingFailures.has(failure),
  })
}
