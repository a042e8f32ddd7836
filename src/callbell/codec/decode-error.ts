/** From the body of an error answer to what Callbell complains of. Pure; never throws. */
import { asString, isObject, ownValue, parseJson } from './json.ts'

/** One complaint: the wire's parameter path, empty where it is about the whole request, and why. */
export interface FieldError {
  readonly parameter: readonly string[]
  readonly message: string
}

/** Callbell's own errors nest two deep; deeper is read up to here and no further. */
const deepest = 5
/** So that a megabyte of errors does not become a megabyte of answer. */
const most = 50

/**
 * Reads `error` as a text or as an object of lists by parameter, the two documented shapes, also
 * nested; takes `errors` and `message` as well, since proxies and frameworks write those, and
 * falls back on `code`. Anything else (HTML, plain text, nothing) holds no complaint.
 */
export function decodeError(text: string): FieldError[] {
  const body = parseJson(text)
  if (!isObject(body)) return []
  const fieldErrors = ['error', 'errors', 'message'].flatMap((key) => collect(ownValue(body, key), []))
  return (fieldErrors.length > 0 ? fieldErrors : collect(ownValue(body, 'code'), [])).slice(0, most)
}

function collect(value: unknown, parameter: readonly string[]): FieldError[] {
  const text = asString(value)
  if (text !== null) return text.trim() === '' ? [] : [{ parameter, message: text }]
  if (parameter.length >= deepest) return []
  if (Array.isArray(value)) return value.slice(0, most).flatMap((item) => collectItem(item, parameter))
  if (!isObject(value)) return []
  return Object.entries(value)
    .slice(0, most)
    .flatMap(([key, item]) => collect(item, [...parameter, key]))
}

/** A list inside a list names nothing: it is not descended into without end. */
function collectItem(item: unknown, parameter: readonly string[]): FieldError[] {
  return Array.isArray(item) ? [] : collect(item, parameter)
}
