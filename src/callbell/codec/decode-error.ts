/** Decodes the body of an error answer to a list of errors. Pure; never throws. */
import { asString } from './json.ts'
import { isObject, ownValue, parseJson } from '../../domain/json.ts'

/** One error: the path of the parameter as Callbell names it, empty for the whole request, and the reason. */
export interface FieldError {
  readonly parameter: readonly string[]
  readonly message: string
}

/** Callbell's own errors have two levels. Deeper ones are ignored. */
const maxDepth = 5
/** Bounds the answer to the caller: a megabyte of errors must not be passed on. */
const maxErrors = 50

/**
 * Reads `error` as a string or as an object of lists by parameter, the two documented shapes, also
 * nested. It also reads `errors` and `message`, which proxies and frameworks write, and falls back
 * on `code`.
 *
 * @returns at most 50 errors; none for anything else, such as HTML, plain text or an empty body
 */
export function decodeError(text: string): FieldError[] {
  const body = parseJson(text)
  if (!isObject(body)) return []
  const fieldErrors = ['error', 'errors', 'message'].flatMap((key) => collect(ownValue(body, key), []))
  return (fieldErrors.length > 0 ? fieldErrors : collect(ownValue(body, 'code'), [])).slice(0, maxErrors)
}

function collect(value: unknown, parameter: readonly string[]): FieldError[] {
  const text = asString(value)
  if (text !== null) return text.trim() === '' ? [] : [{ parameter, message: text }]
  if (parameter.length >= maxDepth) return []
  if (Array.isArray(value)) return value.slice(0, maxErrors).flatMap((item) => collectItem(item, parameter))
  if (!isObject(value)) return []
  return Object.entries(value)
    .slice(0, maxErrors)
    .flatMap(([key, item]) => collect(item, [...parameter, key]))
}

/** A list inside a list names no parameter. It is ignored, which also bounds the recursion. */
function collectItem(item: unknown, parameter: readonly string[]): FieldError[] {
  return Array.isArray(item) ? [] : collect(item, parameter)
}
