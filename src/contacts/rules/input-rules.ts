/**
 * The parts of input rules. They refuse only what Callbell certainly refuses. Everything else is for
 * Callbell to decide.
 */
import { countCodePoints, isLongerThan } from '../../domain/code-points.ts'

/**
 * The kinds of problems that a caller can fix. `REJECTED`: Callbell refused the input. `NOT_FOUND`: Callbell
 * does not find what it refers to. `CONFLICT`: the contact has other tags than expected.
 */
export type ProblemCode =
  'BLANK' | 'TOO_LONG' | 'INVALID' | 'NOTHING_TO_UPDATE' | 'REJECTED' | 'NOT_FOUND' | 'CONFLICT'

/** A problem of an input. While there is one, nothing is changed. */
export interface InputProblem {
  /** The path inside the input. Null where no single value is wrong. */
  readonly path: readonly string[] | null
  /** For the caller, in complete sentences. */
  readonly message: string
  readonly code: ProblemCode
}

/** All control characters, and all except those that lay out several lines. */
export const controls = /\p{Cc}/u
export const controlsButLayout = /(?![\t\n\r])\p{Cc}/u

/** What a value does not comply with. */
export interface BrokenRule {
  /** Completes a sentence that begins with the value's name: `must not be blank`. */
  readonly predicate: string
  readonly code: ProblemCode
}

/** Checks a string. @returns undefined if the string complies */
export type Rule = (value: string) => BrokenRule | undefined

export const notBlank: Rule = (value) =>
  value.trim() === '' ? { predicate: 'must not be blank', code: 'BLANK' } : undefined

/** Limits a string's length in code points, as a database counts: an emoji is one character. */
export function atMost(limit: number): Rule {
  return (value) => {
    if (!isLongerThan(value, limit)) return undefined
    const predicate = `has ${countOf(countCodePoints(value))} characters; the limit is ${countOf(limit)}`
    return { predicate, code: 'TOO_LONG' }
  }
}

/** @param characters control characters that are refused */
export function without(characters: RegExp): Rule {
  return (value) => {
    const found = characters.exec(value)?.[0].codePointAt(0)
    return found === undefined
      ? undefined
      : { predicate: `must not contain the control character ${codePointName(found)}`, code: 'INVALID' }
  }
}

/** A lone surrogate has no UTF-8 form, so it cannot be sent unchanged. */
export const wellFormed: Rule = (value) =>
  value.isWellFormed() ? undefined : { predicate: 'is not well-formed Unicode', code: 'INVALID' }

/** Longer than any uuid, phone number or tag. */
const maxIdentifierLength = 255

/** A string that identifies one resource or tag. */
export const identifier: Rule = (value) => {
  const blank = notBlank(value)
  if (blank !== undefined) return blank
  if (controls.test(value) || !value.isWellFormed())
    return { predicate: 'must not contain control characters or broken Unicode', code: 'INVALID' }
  return atMost(maxIdentifierLength)(value)
}

/** An identifier that becomes part of a URL. Dots alone would address another resource. */
export const pathSegment: Rule = (value) =>
  /^\.+$/.test(value) ? { predicate: 'is not a valid id', code: 'INVALID' } : identifier(value)

function countOf(count: number): string {
  return count.toLocaleString('en-US')
}

function codePointName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** The limit of items in a list of an input. Callbell documents none, and contacts have few tags and fields. */
const maxItems = 500

/** Limits a list to 500 items. @returns undefined if the list complies */
export function listLength({ length }: readonly unknown[]): BrokenRule | undefined {
  if (length <= maxItems) return undefined
  return { predicate: `has ${countOf(length)} items; the limit is ${maxItems}`, code: 'TOO_LONG' }
}

/** A list of thousands of wrong items would make an answer many times its size. */
export const maxProblems = 50

/** Collects the problems of an input: the first 50 if there are more. */
export class InputCheck {
  readonly problems: InputProblem[] = []

  /** Checks a string. Only the first broken rule is reported. */
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
   * Checks the length of a list. The items of a list that is too long must not be read.
   *
   * @returns whether the items may be read
   */
  length(values: readonly unknown[] | null | undefined, ...path: string[]): boolean {
    if (!values || values.length <= maxItems) return true
    const broken = listLength(values)
    if (broken !== undefined) this.report(broken, ...path)
    return broken === undefined
  }

  /** Checks the length of a list, then each item. */
  strings(rules: readonly Rule[], values: readonly string[] | null | undefined, ...path: string[]): void {
    if (values === null || values === undefined || !this.length(values, ...path)) return
    for (let index = 0; index < values.length; index += 1) {
      this.string(rules, values[index], ...path, String(index))
    }
  }

  /** Reports a value by its path inside the input. */
  report({ predicate, code }: BrokenRule, ...path: string[]): void {
    this.add({ path, message: `\`${path.join('.')}\` ${predicate}.`, code })
  }

  add(problem: InputProblem): void {
    if (this.problems.length < maxProblems) this.problems.push(problem)
  }
}

const maxKeyLength = 255

const notEmpty: Rule = (value) =>
  value === '' ? { predicate: 'must not be empty', code: 'INVALID' } : undefined

/** Refuses controls, format characters, surrogates, private and unassigned code points, and line ends. */
const printable: Rule = (value) =>
  /[\p{C}\p{Zl}\p{Zp}]/u.test(value)
    ? { predicate: 'contains a character that cannot be printed', code: 'INVALID' }
    : undefined

const keyRules = [notEmpty, atMost(maxKeyLength), printable]

const keyRequired: InputProblem = {
  path: ['idempotencyKey'],
  message:
    '`idempotencyKey` is required by this gateway. Generate one for each user action, and keep it for every retry.',
  code: 'BLANK',
}

/** Checks an idempotency key: 1 to 255 printable characters. @param isRequired whether it must be there */
export function checkIdempotencyKey(key: string | undefined, isRequired: boolean): readonly InputProblem[] {
  if (key === undefined && isRequired) return [keyRequired]
  const check = new InputCheck()
  check.string(keyRules, key, 'idempotencyKey')
  return check.problems
}

/** @returns the problems of the uuid of what is to be changed */
export function problemsOfUuid(uuid: string, key = 'uuid'): readonly InputProblem[] {
  const check = new InputCheck()
  check.string([pathSegment], uuid, key)
  return check.problems
}
