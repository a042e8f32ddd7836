/** From a complete answer other than 2xx to the error that it means. */
import { decodeError } from './codec/decode-error.ts'
import type { InputPath } from './codec/encode-contact.ts'
import type { Progress, Rejection } from '../domain/callbell-error.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import type { Answer } from './transport.ts'
import { isErrorBody, parseJson } from './codec/json.ts'
import { parseRetryAfter } from './retry-after.ts'

/**
 * Finds a wire parameter in the input that was sent.
 *
 * @param parameter empty where none was named
 * @param status of the answer: a 404 is about what the path names
 */
export type InputPathOf = (parameter: readonly string[], status: number) => InputPath

/** For a request without parameters of its own. */
export function noInputPath(parameter: readonly string[]): InputPath {
  return { path: null, rest: parameter }
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** With these, Callbell says that it did not carry out a request: if the body is in its own form. */
const refusingStatuses: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 409, 413, 415, 422])

/**
 * Whether the body is an error in Callbell's own form: a JSON object with an `error`, which every error
 * body of Callbell has. A proxy or firewall answers with HTML or with nothing.
 */
export function hasOwnError({ text }: Pick<Answer, 'text'>): boolean {
  return isErrorBody(parseJson(text))
}

/**
 * What a complete answer other than 2xx means. Only Callbell's own refusal proves that nothing was done.
 *
 * @param sanitize makes Callbell's words safe to be shown
 */
export function toCallbellError(
  answer: Answer,
  place: InputPathOf,
  sanitize: (words: string) => string,
): CallbellError {
  const { status, headers, text } = answer
  const details = {
    progress: 'answered' satisfies Progress,
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
  const rejections = readRejections(status, text, place, sanitize)
  return new CallbellError('CALLBELL_REJECTED', message, { ...details, rejections })
}

/** @returns undefined where a header is missing, or there are several */
function onlyValue(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function readRejections(
  status: number,
  text: string,
  place: InputPathOf,
  sanitize: (words: string) => string,
): Rejection[] {
  const rejections = decodeError(text).flatMap(({ parameter, message }) => {
    const { path, rest } = place(parameter, status)
    // What has no place in the path must still be said somewhere.
    const words = sanitize([...rest, message].join(': '))
    return words === '' ? [] : [{ path, message: words }]
  })
  if (rejections.length > 0) return rejections
  const { path } = place([], status)
  return [{ path, message: `Callbell refused the request (status ${status}) without saying why` }]
}
