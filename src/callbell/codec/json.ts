/** What the JSON of Callbell means: total functions from `unknown` values. */
import { isObject, ownValue } from '../../domain/json.ts'

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
