/** What no log line may contain, secrets and contact data: the keys whose values are hidden, and the patterns in strings. */
import { LRUCache } from 'lru-cache'
import { cutText } from '../domain/code-points.ts'
import { secretPattern } from '../domain/secret-pattern.ts'

export const redacted = '[redacted]'
/** In characters. */
const maxStringLength = 2000
/** Keys, codes and fixed messages recur in each line. Their result is cached. */
const cacheSize = 500
/** In characters. Longer strings rarely recur. */
const maxCachedLength = 100

/** In lower case and without `-` and `_`. Their values are never written. */
const hiddenKeys: ReadonlySet<string> = new Set(
  [
    'authorization proxyauthorization cookie setcookie xapikey apikey rawheaders',
    'token accesstoken password secret idempotencykey',
    // Contact data.
    'name phonenumber phone identifier email assigneduser note text tags customfields value values',
    'avatarurl href conversationhref bsuid contact',
    // Requests and responses, which contain contact data.
    'input variables query document body data',
  ].flatMap((keys) => keys.split(' ')),
)
/** Identifiers of requests, traces, documents and callers. They may resemble a phone number or an e-mail address. */
const identifierKeys: ReadonlySet<string> = new Set(['requestid', 'traceid', 'hash', 'caller'])

type RedactionRule = readonly [pattern: RegExp, replacement: string]

const credentials: readonly RedactionRule[] = [
  [/\b(authorization|x-api-key|cookie)(["']\s*,|["']?\s*[:=])[^\n]+/gi, `$1$2 ${redacted}`],
  [/\b(bearer)(?:\s|%20)+[^\s"',;]+/gi, `$1 ${redacted}`],
  // JWTs: the base64 form of any JSON object begins like this.
  [/eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, redacted],
  [/:\/\/[^\s/@]*@/g, `://${redacted}@`],
]

/** Messages that quote an invalid value. It may be contact data, which no pattern can recognize. */
const quotations: readonly RedactionRule[] = [
  // graphql-js and Yoga's executor.
  [/(\bcannot represent [^:]*: |\bUnexpected error value: |\bSyntax Error: ).+/gs, `$1${redacted}`],
  [/(\bExpected value of type "[^"]*"|\bgot invalid value|\.serialize\(|\bwith value).+/gs, `$1 ${redacted}`],
  // V8.
  [/(?:Unexpected token|").* is not valid JSON/gs, `${redacted} is not valid JSON`],
  [
    /(\bCannot create property |\bCannot use 'in' operator to search for |\bCannot convert ).+/gs,
    `$1${redacted}`,
  ],
  // Node and Redis.
  [/(\. Received:? |\bwith args beginning with: ).+/gs, `$1${redacted}`],
]

const contactData: readonly RedactionRule[] = [
  // E-mail addresses.
  [/(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+(?:@|%40)(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu, redacted],
  // Phone numbers: seven digits or more; not the groups of a UUID, a part of a word or decimal, or a date.
  [
    /(?<!\w|\d[.-]|[\da-f]{4}-)(?!\d{4}-\d\d-\d\d(?!\d)|\d{8}-[\da-f]{4}-)(?:\+|%2B)?\p{Nd}(?:(?:[\p{Zs}\p{Pd}()]|%2[089]){0,3}\p{Nd}){6,}(?!\w|[.:]\d)/giu,
    redacted,
  ],
]

/** Control characters, line ends, and format characters, which hide or reverse what is shown. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const formats = /\p{Cf}+/gu
const controlsButLineFeed = /(?:(?!\n)[\p{Cc}\p{Zl}\p{Zp}])+/gu

/** How the value of a key is written. */
export type KeyKind = 'hidden' | 'identifier' | 'stack' | 'other'

export interface SafeKey {
  /** The key as it is written. */
  readonly name: string
  readonly kind: KeyKind
}

export interface Redactor {
  /** Redacts a key, and says how its value is written. */
  readonly key: (name: string) => SafeKey
  /** @returns the string as the value of a key of this kind, in at most 2,000 characters */
  readonly string: (value: string, kind: KeyKind) => string
}

/**
 * Removes secrets, contact data, and control, format and bidi characters from strings. A string under
 * `stack` keeps its line feeds. An identifier loses only secrets.
 *
 * @param secrets the known ones, none empty
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const secretRules = secrets.map((secret): RedactionRule => [secretPattern(secret), redacted])
  const identifierRules = [...secretRules, ...credentials]
  const rules = [...identifierRules, ...quotations, ...contactData]

  const redact = cached((value: string) => onOneLine(replaceAll(value, rules)))
  const key = cached((name: string): SafeKey => ({ name: redact(name), kind: kindOf(name) }))
  return {
    key,
    string(value, kind) {
      if (kind === 'hidden') return redacted
      if (kind === 'stack') return replaceAll(value, rules)
      return kind === 'identifier' ? onOneLine(replaceAll(value, identifierRules)) : redact(value)
    },
  }
}

/** Caches the results for short strings. */
function cached<Result extends {}>(compute: (value: string) => Result): (value: string) => Result {
  const results = new LRUCache<string, Result>({ max: cacheSize })
  return (value) => {
    if (value.length > maxCachedLength) return compute(value)
    const before = results.get(value)
    if (before !== undefined) return before
    const result = compute(value)
    results.set(value, result)
    return result
  }
}

function kindOf(key: string): KeyKind {
  const name = printable(key).toLowerCase().replaceAll(/[-_]/g, '')
  if (hiddenKeys.has(name)) return 'hidden'
  if (identifierKeys.has(name)) return 'identifier'
  return name === 'stack' ? 'stack' : 'other'
}

function replaceAll(value: string, rules: readonly RedactionRule[]): string {
  // Patterns are slow. What is cut off is not searched, except for a margin that matches can shorten.
  let safe = printable(value.slice(0, 4 * maxStringLength))
  for (const [pattern, replacement] of rules) safe = safe.replaceAll(pattern, replacement)
  return cutText(safe, maxStringLength)
}

/** Keeps line feeds, because patterns end at them. It comes first: an invisible character must not break up a match. */
function printable(value: string): string {
  if (!unprintable.test(value)) return value
  return value.replaceAll(formats, '').replaceAll(controlsButLineFeed, ' ')
}

function onOneLine(value: string): string {
  return value.includes('\n') ? value.replaceAll('\n', ' ') : value
}
