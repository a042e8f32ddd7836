/** What a complete answer other than 2xx means. */
import { decodeError } from './decode-error.ts'
import type { PlacedParameter } from './encode-contact.ts'
import type { Progress, Rejection } from './errors.ts'
import { CallbellError } from './errors.ts'
import type { Answer } from './exchange.ts'
import { parseRetryAfter } from './retry-after.ts'

/**
 * Finds a wire parameter in the input that was sent.
 *
 * @param parameter empty where none was named
 * @param status of the answer: a 404 is about what the path names
 */
export type Place = (parameter: readonly string[], status: number) => PlacedParameter

/** For a request without parameters of its own. */
export function placeNowhere(parameter: readonly string[]): PlacedParameter {
  return { path: null, rest: parameter }
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** @param quote makes Callbell's words safe to be shown */
export function refusalOf(answer: Answer, place: Place, quote: (words: string) => string): CallbellError {
  const { status, headers, text } = answer
  const details = {
    progress: 'answered' satisfies Progress,
    status,
    retryAfterMs: parseRetryAfter(onlyValue(headers['retry-after']), onlyValue(headers['date'])),
  } as const
  const message = `Callbell answered ${status}`
  if (status === 401 || status === 403) return new CallbellError('CALLBELL_UNAUTHORIZED', message, details)
  if (status === 402) return new CallbellError('CALLBELL_PAYMENT_REQUIRED', message, details)
  if (status === 429) return new CallbellError('CALLBELL_RATE_LIMITED', message, details)
  // A 408 does not say that the request was not carried out (see `TIMED_OUT` in retry.ts).
  if (status >= 500 || status === 408) return new CallbellError('CALLBELL_UNAVAILABLE', message, details)
  if (status < 400) return new CallbellError('CALLBELL_INVALID_RESPONSE', message, details)
  const rejections = readRejections(status, text, place, quote)
  return new CallbellError('CALLBELL_REJECTED', message, { ...details, rejections })
}

/** @returns undefined where a header is missing, or there are several */
function onlyValue(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function readRejections(
  status: number,
  text: string,
  place: Place,
  quote: (words: string) => string,
): Rejection[] {
  const rejections = decodeError(text).flatMap(({ parameter, message }) => {
    const { path, rest } = place(parameter, status)
    // What has no place in the path must still be said somewhere.
    const words = quote([...rest, message].join(': '))
    return words === '' ? [] : [{ path, message: words }]
  })
  if (rejections.length > 0) return rejections
  const { path } = place([], status)
  return [{ path, message: `Callbell refused the request (status ${status}) without saying why` }]
}
