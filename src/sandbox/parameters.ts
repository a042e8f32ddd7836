/** Checks the parameters of a request body, and reports all errors at once, by parameter. */
import { isObject } from '../domain/json.ts'

/** Errors by parameter, as Callbell returns them under `error`. */
export type ParameterErrors = Record<string, string[]>

/** @returns what is wrong with one value; empty if it is valid */
export type ValueCheck = (value: unknown) => string[]

/** The checks guarantee that a body without errors has the type `Parameters`. */
export interface ParameterCheck<Parameters> {
  /** @returns errors by parameter, or one string if the body is not an object */
  findErrors(body: unknown): ParameterErrors | string
  isAccepted(body: unknown): body is Parameters
}

export interface ParameterCheckOptions {
  readonly required?: readonly string[]
  /** @returns errors of combinations of valid parameters */
  readonly together?: (given: ReadonlyMap<string, unknown>) => ParameterErrors
}

/** @param checks one for each parameter of the call. Any other parameter is refused */
export function createParameterCheck<Parameters>(
  checks: Readonly<Record<keyof Parameters & string, ValueCheck>>,
  { required = [], together = () => ({}) }: ParameterCheckOptions = {},
): ParameterCheck<Parameters> {
  const checkOf = new Map<string, ValueCheck>(Object.entries(checks))

  function findErrors(body: unknown): ParameterErrors | string {
    if (!isObject(body)) return 'must be a JSON object'
    const given = new Map<string, unknown>(Object.entries(body))
    const errors: ParameterErrors = {}
    for (const parameter of required) {
      if (!given.has(parameter)) errors[parameter] = ['must be present and not empty']
    }
    for (const [parameter, value] of given) {
      const found = checkOf.get(parameter)?.(value) ?? ['is not a parameter of this call']
      if (found.length > 0) errors[parameter] = found
    }
    return { ...errors, ...together(given) }
  }

  return {
    findErrors,
    isAccepted: (body): body is Parameters => Object.keys(findErrors(body)).length === 0,
  }
}

export function isFilledString(value: unknown): string[] {
  return isString(value) && value.trim() !== '' ? [] : ['must be present and not empty']
}

/** Accepts a string of at most `length` characters. */
export function isStringUpTo(length: number): ValueCheck {
  return (value) =>
    isString(value) && Array.from(value).length <= length
      ? []
      : [`must be a string of at most ${length} characters`]
}

export function isOneOf(words: readonly string[]): ValueCheck {
  return (value) => (isIn(words, value) ? [] : [`must be one of ${words.join(', ')}`])
}

export function isListOf(check: ValueCheck): ValueCheck {
  return (value) => (Array.isArray(value) ? value.flatMap(check) : ['must be a list'])
}

/** Accepts the uuid of one of these items. */
export function exists(items: readonly { readonly uuid: string }[]): ValueCheck {
  return (uuid) => (items.some((item) => item.uuid === uuid) ? [] : ['does not exist'])
}

export function isString(value: unknown): value is string {
  return typeof value === 'string'
}

export function isIn(words: readonly string[], value: unknown): boolean {
  return isString(value) && words.includes(value)
}

export function quote(value: unknown): string {
  return JSON.stringify(value)
}
