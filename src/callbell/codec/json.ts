/** Reads JSON of unknown shape: total functions from `unknown` to a value or null. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the value of an own key, so that `{}` has no `constructor`; undefined if there is none */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Parses JSON without throwing. @returns undefined if the string is not valid JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @returns a string unchanged, a number (exact up to 15 digits) or boolean as a string; null for anything else */
export function asString(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

/** Whether it is an error body of Callbell: an object with an `error` that is not empty. */
export function isErrorBody(body: unknown): boolean {
  if (!isObject(body)) return false
  const error = ownValue(body, 'error')
  if (typeof error === 'string') return error.trim() !== ''
  return typeof error === 'object' && error !== null && Object.keys(error).length > 0
}

/** Whether the body of a 2xx reports a failure: `{"success":false}`, or an `error`. */
export function deniesSuccess(body: unknown): boolean {
  return isErrorBody(body) || (isObject(body) && ownValue(body, 'success') === false)
}
