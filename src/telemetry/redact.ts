/** What no log line may hold, secrets and the data of contacts, and how each is taken out. */
import { LRUCache } from 'lru-cache'
import { cutText } from '../domain/code-points.ts'
import { secretPattern } from '../domain/secret-pattern.ts'

const redacted = '[redacted]'
const longestText = 2000
/** Keys, codes and words of ours come again with each line: patterns need not search them anew. */
const mostKnownTexts = 500
const longestKnownText = 100

/** Whatever stands under these, in lower case and without `-` and `_`, is never written. */
const hiddenKeys: ReadonlySet<string> = new Set(
  [
    'authorization proxyauthorization cookie setcookie xapikey apikey rawheaders',
    'token accesstoken password secret idempotencykey',
    // Of contacts.
    'name phonenumber phone identifier email assigneduser note text tags customfields value values',
    'avatarurl href conversationhref bsuid contact',
    // Of requests and answers, which hold contacts.
    'input variables query document body data',
  ].flatMap((keys) => keys.split(' ')),
)
/** Names of requests, traces, documents and callers, which may look like a phone number or an e-mail address. */
const identifyingKeys: ReadonlySet<string> = new Set(['requestid', 'traceid', 'hash', 'caller'])

type Rule = readonly [pattern: RegExp, replacement: string]

const credentials: readonly Rule[] = [
  [/\b(authorization|x-api-key|cookie)(["']\s*,|["']?\s*[:=])[^\n]+/gi, `$1$2 ${redacted}`],
  [/\b(bearer)(?:\s|%20)+[^\s"',;]+/gi, `$1 ${redacted}`],
  // JWTs: any JSON object begins so in base64.
  [/eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, redacted],
  [/:\/\/[^\s/@]*@/g, `://${redacted}@`],
]

/** Messages that quote the value they complain of, which may be a contact's and can't be told by its looks. */
const quotations: readonly Rule[] = [
  // graphql-js, and Yoga's executor.
  [/(\bcannot represent [^:]*: |\bUnexpected error value: |\bSyntax Error: ).+/gs, `$1${redacted}`],
  [/(\bExpected value of type "[^"]*"|\bgot invalid value|\.serialize\(|\bwith value).+/gs, `$1 ${redacted}`],
  // V8.
  [/(?:Unexpected token|").* is not valid JSON/gs, `${redacted} is not valid JSON`],
  [
    /(\bCannot create property |\bCannot use 'in' operator to search for |\bCannot convert ).+/gs,
    `$1${redacted}`,
  ],
  // Node, Redis.
  [/(\. Received:? |\bwith args beginning with: ).+/gs, `$1${redacted}`],
]

const contactData: readonly Rule[] = [
  [/(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+(?:@|%40)(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu, redacted],
  // Seven digits or more; not the groups of a UUID, a part of a word or decimal, or a date.
  [
    /(?<!\w|\d[.-]|[\da-f]{4}-)(?!\d{4}-\d\d-\d\d(?!\d)|\d{8}-[\da-f]{4}-)(?:\+|%2B)?\p{Nd}(?:(?:[\p{Zs}\p{Pd}()]|%2[089]){0,3}\p{Nd}){6,}(?!\w|[.:]\d)/giu,
    redacted,
  ],
]

/** What moves a terminal's cursor, ends a line, or hides text or turns it around. A line feed is one of them. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const formats = /\p{Cf}+/gu
const controlsButLineFeed = /(?:(?!\n)[\p{Cc}\p{Zl}\p{Zp}])+/gu

/**
 * @param secrets known ones, none empty
 * @returns a function from plain data to a copy without secrets and personal data, without texts of
 *   more than 2,000 characters, and without control, format and bidi characters in values and keys;
 *   what stands under `stack` keeps its line feeds
 */
export function createRedact(secrets: readonly string[]): (data: unknown) => unknown {
  const ours = secrets.map((secret): Rule => [secretPattern(secret), redacted])
  const rulesOfIdentities = [...ours, ...credentials]
  const rules = [...rulesOfIdentities, ...quotations, ...contactData]

  const known = new LRUCache<string, string>({ max: mostKnownTexts })

  function redactOther(text: string): string {
    if (text.length > longestKnownText) return onOneLine(redactText(text, rules))
    const before = known.get(text)
    if (before !== undefined) return before
    const safe = onOneLine(redactText(text, rules))
    known.set(text, safe)
    return safe
  }

  function redact(value: unknown, key = ''): unknown {
    if (hiddenKeys.has(key)) return redacted
    if (typeof value === 'string') {
      if (key === 'stack') return redactText(value, rules)
      return identifyingKeys.has(key) ? onOneLine(redactText(value, rulesOfIdentities)) : redactOther(value)
    }
    if (Array.isArray(value)) return value.map((item) => redact(item))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([name, item]) => [
      redactOther(name),
      redact(item, printable(name).toLowerCase().replaceAll(/[-_]/g, '')),
    ])
    return Object.fromEntries(entries)
  }
  // Not `redact` itself, which takes a key.
  return (data) => redact(data)
}

function redactText(text: string, rules: readonly Rule[]): string {
  // Patterns take their time: what is cut off anyway is not searched, but for what a match may pull in.
  let safe = printable(text.slice(0, 4 * longestText))
  for (const [pattern, replacement] of rules) safe = safe.replaceAll(pattern, replacement)
  return cutText(safe, longestText)
}

/** Line feeds stay: patterns end at them. What is removed first can't break up what they look for. */
function printable(text: string): string {
  if (!unprintable.test(text)) return text
  return text.replaceAll(formats, '').replaceAll(controlsButLineFeed, ' ')
}

function onOneLine(text: string): string {
  return text.includes('\n') ? text.replaceAll('\n', ' ') : text
}
