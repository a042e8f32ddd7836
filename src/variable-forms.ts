/** The forms that environment variables have, each with its complaint, which names the variable. */
import { z } from 'zod'

/**
 * What stands in quotes, where all of a value does. A shell and `.env` take quotes off, `docker run --env-file`
 * does not: a token in quotes is another token. No value of ours may be in quotes.
 *
 * @returns undefined where it does not stand in quotes
 */
export function unquote(value: string): string | undefined {
  const text = value.trim()
  const isQuoted = text.length >= 2 && /^["']/.test(text) && text.at(-1) === text[0]
  return isQuoted ? text.slice(1, -1) : undefined
}

/** @returns a problem for each of these variables that is in quotes; none shows a value, which may be a secret */
export function findQuoted(
  variables: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): string[] {
  return names
    .filter((name) => unquote(variables[name] ?? '') !== undefined)
    .map(
      (name) =>
        `${name} must not be in quotes: docker --env-file keeps them as part of the value. Remove them`,
    )
}

/** @param fallback where the variable is not set */
export function wholeNumber(name: string, from: number, to: number, fallback: number) {
  return z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to, {
      error: ({ input }) =>
        `${name} must be a whole number from ${from} to ${to}, but is ${JSON.stringify(input)}`,
    })
    .transform(Number)
}

/** A share of a whole, from 0 to 1; all of it where the variable is not set. */
export function share(name: string) {
  return z
    .string()
    .default('1')
    .refine((text) => /^(?:0|1|[01]?\.\d{1,9})$/.test(text) && Number(text) <= 1, {
      error: ({ input }) => `${name} must be a number from 0 to 1, but is ${JSON.stringify(input)}`,
    })
    .transform(Number)
}

export function oneOf<const T extends string>(name: string, words: readonly T[]) {
  return z.enum(words, {
    error: ({ input }) => `${name} must be one of ${words.join(', ')}, but is ${JSON.stringify(input)}`,
  })
}

export const switchWords = ['true', 'false'] as const

/** Headers as W3C Baggage writes them: `name=value`, percent-encoded, separated by commas. @returns undefined where they are no headers */
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
