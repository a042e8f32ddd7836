/**
 * Parsers of environment variables: zod schemas from a string to a value. The description of each names
 * the values that it takes, and its messages complete a sentence that starts with the variable's name.
 */
import { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * @returns the value without the quotes around it; undefined if it is not in quotes. A shell and `.env`
 *   remove quotes, `docker run --env-file` does not. No value of a variable may be in quotes.
 */
function unquote(value: string): string | undefined {
  const text = value.trim()
  const isQuoted = text.length >= 2 && /^["']/.test(text) && text.at(-1) === text[0]
  return isQuoted ? text.slice(1, -1) : undefined
}

/** @returns a problem for each of these variables that is in quotes, without its value, which may be a secret */
export function findQuoted(environment: Environment, names: readonly string[]): string[] {
  return names
    .filter((name) => unquote(environment[name] ?? '') !== undefined)
    .map(
      (name) =>
        `${name} must not be in quotes: docker --env-file keeps them as part of the value. Remove them`,
    )
}

/**
 * @returns the environment without empty variables, which count as unset, and without quotes: those are
 *   reported by `findQuoted`, and must not cause further problems
 */
export function normalizeEnvironment(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment)
      .map(([name, value = '']) => [name, unquote(value) ?? value])
      .filter(([, value]) => value !== ''),
  )
}

interface WholeNumberForm {
  readonly from: number
  readonly to: number
  /** In the plural, such as `milliseconds`. */
  readonly unit?: string
}

/** A whole number with a lowest and a highest value, without a sign, a fraction or an exponent. */
export function wholeNumber({ from, to, unit }: WholeNumberForm) {
  const form = `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${from} to ${to}`
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to, {
      error: ({ input }) => `must be ${form}, but is ${JSON.stringify(input)}`,
    })
    .transform(Number)
    .describe(form)
}

/** A ratio from 0 to 1, with at most nine decimal places. */
export function ratio() {
  const form = 'a number from 0 to 1'
  return z
    .string()
    .refine((text) => /^(?:0|1|[01]?\.\d{1,9})$/.test(text) && Number(text) <= 1, {
      error: ({ input }) => `must be ${form}, but is ${JSON.stringify(input)}`,
    })
    .transform(Number)
    .describe(form)
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return z
    .enum(words, {
      error: ({ input }) => `must be one of ${words.join(', ')}, but is ${JSON.stringify(input)}`,
    })
    .describe(words.map((word) => `\`${word}\``).join(', '))
}

/** `true` or `false`. */
export function flag() {
  return z
    .enum(['true', 'false'], {
      error: ({ input }) => `must be true or false, but is ${JSON.stringify(input)}`,
    })
    .transform((word) => word === 'true')
    .describe('`true` or `false`')
}

/** Any string. @param form names it for the documentation */
export function anyString(form: string) {
  return z.string().describe(form)
}

/**
 * Headers in the form of W3C Baggage: `name=value`, percent-encoded, separated by commas.
 *
 * @returns the values by lower-case name; undefined if the text does not have this form
 */
export function parseHeaders(text: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {}
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const [, name, value] = /^\s*([\w.-]+)\s*=(.*)$/.exec(item) ?? []
    if (name === undefined || value === undefined) return undefined
    try {
      headers[name.toLowerCase()] = decodeURIComponent(value.trim())
    } catch {
      return undefined
    }
  }
  return headers
}
