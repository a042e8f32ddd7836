/**
 * What the rules of inputs are made of. They refuse only what Callbell certainly refuses: whatever
 * it may accept is Callbell's to judge.
 */

import { countCodePoints, isLongerThan } from '../../domain/code-points.ts'

export type ProblemCode = 'BLANK' | 'TOO_LONG' | 'INVALID'

/** One thing that is wrong with an input: where (path inside the input), what, and of which kind. */
export interface InputProblem {
  readonly path: readonly string[]
  readonly message: string
  readonly code: ProblemCode
}

/** All control characters, and all but those that lay out a text of several lines. */
export const controls = /\p{Cc}/u
export const controlsButLayout = /(?![\t\n\r])\p{Cc}/u

export type Broken = Pick<InputProblem, 'message' | 'code'>

/** A rule: what is wrong with a text, or nothing. */
export type Rule = (value: string) => Broken | undefined

export const notBlank: Rule = (value) =>
  value.trim() === '' ? { message: 'must not be blank', code: 'BLANK' } : undefined

/** Characters are code points, as a database counts them: an emoji is one. */
export function atMost(limit: number): Rule {
  return (value) => {
    if (!isLongerThan(value, limit)) return undefined
    const length = countCodePoints(value)
    return { message: `must have at most ${limit} characters, but has ${length}`, code: 'TOO_LONG' }
  }
}

export function without(characters: RegExp): Rule {
  return (value) => {
    const found = characters.exec(value)?.[0].codePointAt(0)
    return found === undefined
      ? undefined
      : { message: `must not contain the control character ${codePointName(found)}`, code: 'INVALID' }
  }
}

/** Half of a surrogate pair has no UTF-8 form: it could not be sent as it is. */
export const wellFormed: Rule = (value) =>
  value.isWellFormed() ? undefined : { message: 'must be well-formed Unicode text', code: 'INVALID' }

/** Longer than any uuid, phone number or tag. */
const longestIdentifier = 255

/** What is to name one thing. */
export const identifier: Rule = (value) => {
  if (value.trim() === '') return { message: 'must not be blank', code: 'BLANK' }
  if (controls.test(value) || !value.isWellFormed())
    return { message: 'must not contain control characters or broken Unicode', code: 'INVALID' }
  return atMost(longestIdentifier)(value)
}

/** What becomes part of a URL must not be able to name another resource, either. */
export const pathSegment: Rule = (value) =>
  /^\.+$/.test(value) ? { message: 'must not be made of dots', code: 'INVALID' } : identifier(value)

function codePointName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** The items that a list in an input may have. Callbell documents no limit; a contact has a handful. */
const mostItems = 500

/**
 * @param list its name, for the message
 * @returns what is wrong with a list that has more than 500 items, or nothing
 */
export function problemOfLength(list: string, { length }: readonly unknown[]): Broken | undefined {
  if (length <= mostItems) return undefined
  const message = `\`${list}\` has ${length.toLocaleString('en-US')} items; the limit is ${mostItems}.`
  return { message, code: 'TOO_LONG' }
}

/** Of a list of thousands, each with a mistake, nobody reads more; the answer would be a multiple of it. */
const mostProblems = 50

/** Collects everything that is wrong with an input: the first 50 where it is more. */
export class InputCheck {
  readonly problems: InputProblem[] = []

  /** Of a text that is given, the first rule broken is told. */
  string(rules: readonly Rule[], value: string | null | undefined, ...path: string[]): void {
    if (value === null || value === undefined) return
    for (const rule of rules) {
      const broken = rule(value)
      if (broken === undefined) continue
      this.report(broken, ...path)
      return
    }
  }

  /**
   * Checks the length of a list. Nothing else may look at the items of a list that is too long.
   *
   * @returns whether the items may be looked at
   */
  length(values: readonly unknown[] | null | undefined, ...path: string[]): boolean {
    if (!values || values.length <= mostItems) return true
    const broken = problemOfLength(path.join('.'), values)
    if (broken !== undefined) this.report(broken, ...path)
    return broken === undefined
  }

  /** Checks the length of a list, then each of its items. */
  strings(rules: readonly Rule[], values: readonly string[] | null | undefined, ...path: string[]): void {
    if (values === null || values === undefined || !this.length(values, ...path)) return
    for (let index = 0; index < values.length; index += 1) {
      this.string(rules, values[index], ...path, String(index))
    }
  }

  report(broken: Broken, ...path: string[]): void {
    if (this.problems.length < mostProblems) this.problems.push({ path, ...broken })
  }
}

const longestKey = 255

/** Checks an idempotency key: 1 to 255 characters that can be printed. */
export function checkIdempotencyKey(key: string | undefined): readonly InputProblem[] {
  if (key === undefined) return []
  // Without them: controls, format characters, surrogates, private and unassigned code points, line ends.
  const isPrintable = !/[\p{C}\p{Zl}\p{Zp}]/u.test(key)
  const length = countCodePoints(key)
  if (isPrintable && length >= 1 && length <= longestKey) return []
  const but = isPrintable ? `has ${length}` : 'has one that can’t be printed'
  const message = `must be 1 to ${longestKey} printable characters, but ${but}`
  return [{ path: ['idempotencyKey'], message, code: length > longestKey ? 'TOO_LONG' : 'INVALID' }]
}
