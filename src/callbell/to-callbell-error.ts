/** Maps a complete answer other than 2xx to a `CallbellError`. */
import { decodeError } from './codec/decode-error.ts'
import type { InputPath } from './codec/encode-contact.ts'
import type { Progress, Rejection } from '../domain/callbell-error.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Answer } from './response-handler.ts'
import { isErrorBody } from './codec/json.ts'
import { parseJson } from '../domain/json.ts'
import { parseRetryAfter } from './retry-after.ts'

/**
 * Maps a parameter of Callbell to a path in the input that was sent.
 *
 * @param parameter its path; empty if the answer names none
 * @param status of the answer: a 404 is about the resource in the URL
 * @param message of Callbell, which may quote the item of a list that it is about
 */
export type InputPathOf = (parameter: readonly string[], status: number, message: string) => InputPath

/** The `InputPathOf` of a request without parameters. */
export function noInputPath(parameter: readonly string[]): InputPath {
  return { path: null, rest: parameter }
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** With these and an error body in Callbell's form, Callbell states that it did not carry out the request. */
const refusingStatuses: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 409, 413, 415, 422])

/**
 * Whether the body is an error in Callbell's form: a JSON object with an `error`. A proxy or firewall
 * answers with HTML or without a body.
 */
export function hasOwnError({ text }: Pick<Answer, 'text'>): boolean {
  return isErrorBody(parseJson(text))
}

/**
 * Maps a complete answer other than 2xx. Only a refusal in Callbell's own form proves that nothing was done.
 *
 * @param inputPathOf finds the input that a message is about
 * @param sanitize makes Callbell's messages safe to show
 */
export function toCallbellError(
  answer: Answer,
  inputPathOf: InputPathOf,
  sanitize: (text: string) => string,
): CallbellError {
  const { sentAt, status, headers, text } = answer
  const details = {
    progress: 'answered' satisfies Progress,
    sentAt,
    status,
    retryAfterMs: parseRetryAfter(onlyValue(headers['retry-after']), onlyValue(headers['date'])),
  } as const
  const message = `Callbell answered ${status}`
  if (status === 429) return new CallbellError('CALLBELL_RATE_LIMITED', message, details)
  if (!refusingStatuses.has(status)) {
    const code = status < 400 ? 'CALLBELL_INVALID_RESPONSE' : 'CALLBELL_UNAVAILABLE'
    return new CallbellError(code, message, details)
  }
  if (!hasOwnError(answer)) {
    return new CallbellError('CALLBELL_INVALID_RESPONSE', `${message}, not in Callbell's form`, details)
  }
  if (status === 401 || status === 403) return new CallbellError('CALLBELL_UNAUTHORIZED', message, details)
  if (status === 402) return new CallbellError('CALLBELL_PAYMENT_REQUIRED', message, details)
  const rejections = readRejections(status, text, inputPathOf, sanitize)
  return new CallbellError('CALLBELL_REJECTED', message, { ...details, rejections })
}

/** @returns undefined if the header is missing, or there are several */
function onlyValue(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function readRejections(
  status: number,
  text: string,
  inputPathOf: InputPathOf,
  sanitize: (text: string) => string,
): Rejection[] {
  const rejections = decodeError(text).flatMap(({ parameter, message }) => {
    const { path, rest } = inputPathOf(parameter, status, message)
    // The part of the parameter that the path cannot express goes to the message.
    const sanitized = sanitize([...rest, message].join(': '))
    return sanitized === '' ? [] : [{ path, message: sanitized }]
  })
  if (rejections.length > 0) return rejections
  const { path } = inputPathOf([], status, '')
  return [{ path, message: `Callbell rejected the request without a reason (HTTP ${status})` }]
}
