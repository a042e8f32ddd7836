/** The checking of a body's parameters, whatever the call: reasons by parameter, everything at once. */

/** Reasons by parameter, as Callbell writes them under `error`. */
export type Complaints = Record<string, string[]>

/** What is wrong with one value, in words; nothing where it is fine. */
export type Check = (value: unknown) => string[]

/** A body without complaints is what `Parameters` says: the checks make it so. */
export interface ParameterCheck<Parameters> {
  /** @returns reasons by parameter, or one text where it is no set of parameters at all */
  complaintsAbout(body: unknown): Complaints | string
  isAccepted(body: unknown): body is Parameters
}

export interface ParameterCheckOptions {
  readonly required?: readonly string[]
  /** What is wrong with parameters that are each fine, but not together. */
  readonly together?: (given: ReadonlyMap<string, unknown>) => Complaints
}

/** @param checks one for each parameter that the call knows; any other is refused */
export function createParameterCheck<Parameters>(
  checks: Readonly<Record<keyof Parameters & string, Check>>,
  { required = [], together = () => ({}) }: ParameterCheckOptions = {},
): ParameterCheck<Parameters> {
  const checkOf = new Map<string, Check>(Object.entries(checks))

  function complaintsAbout(body: unknown): Complaints | string {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'must be a JSON object'
    const given = new Map<string, unknown>(Object.entries(body))
    const complaints: Complaints = {}
    for (const parameter of required) {
      if (!given.has(parameter)) complaints[parameter] = ['must be present and not empty']
    }
    for (const [parameter, value] of given) {
      const found = checkOf.get(parameter)?.(value) ?? ['is not a parameter of this call']
      if (found.length > 0) complaints[parameter] = found
    }
    return { ...complaints, ...together(given) }
  }

  return {
    complaintsAbout,
    isAccepted: (body): body is Parameters => Object.keys(complaintsAbout(body)).length === 0,
  }
}

export function isFilledText(value: unknown): string[] {
  return isText(value) && value.trim() !== '' ? [] : ['must be present and not empty']
}

/** A text of at most so many characters. */
export function isTextOf(length: number): Check {
  return (value) =>
    isText(value) && Array.from(value).length <= length ? [] : [`must be a text of at most ${length}`]
}

export function isOneOf(words: readonly string[]): Check {
  return (value) => (isIn(words, value) ? [] : [`must be one of ${words.join(', ')}`])
}

export function isListOf(check: Check): Check {
  return (value) => (Array.isArray(value) ? value.flatMap(check) : ['must be a list'])
}

/** The uuid of one of these. */
export function exists(things: readonly { readonly uuid: string }[]): Check {
  return (uuid) => (things.some((thing) => thing.uuid === uuid) ? [] : ['does not exist'])
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isIn(words: readonly string[], value: unknown): boolean {
  return isText(value) && words.includes(value)
}

export function quote(value: unknown): string {
  return JSON.stringify(value)
}
