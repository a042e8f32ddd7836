/** Parsers of the lists that say which web pages and apps may call the gateway, and with which headers. */
import { z } from 'zod'

const maxHeaders = 50
/** A token of RFC 9110. `*` alone is one, too, and would allow every header. */
const headerName = /^(?!\*$)[\w!#$%&'*+.^`|~-]{1,100}$/

/** Headers that browsers set themselves (Fetch, forbidden request-headers), and those that proxies set. */
const reservedHeaders: ReadonlySet<string> = new Set(
  [
    'accept-charset accept-encoding connection content-length cookie cookie2 date dnt expect host keep-alive',
    'origin referer set-cookie te trailer transfer-encoding upgrade via',
    'x-http-method x-http-method-override x-method-override',
    'forwarded x-real-ip',
  ].flatMap((names) => names.split(' ')),
)
const reservedPrefixes = /^(?:access-control-|proxy-|sec-|x-forwarded-)/

/** Exact origins of pages and apps. `null` and patterns are refused. */
export function origins() {
  return z
    .string()
    .transform(itemsOf)
    .superRefine((list, context) => {
      for (const origin of list.filter((text) => !isExactOrigin(text))) {
        // Some people put credentials into URLs: these are not shown.
        const shown = origin.includes('@') ? 'one with an @' : JSON.stringify(origin)
        context.addIssue(
          `must list exact origins such as https://app.example, without a path or a trailing slash, but contains ${shown}`,
        )
      }
    })
    .describe(
      'a list of origins such as `https://app.example` or, of an app, `capacitor://localhost`, separated by commas',
    )
}

/** Names of headers, in lower case. */
export function allowedHeaders() {
  return z
    .string()
    .transform((text) => itemsOf(text.toLowerCase()))
    .superRefine((names, context) => {
      if (names.length > maxHeaders) {
        context.addIssue(`must list at most ${maxHeaders} headers, but lists ${names.length}`)
        return
      }
      for (const [index, name] of names.entries()) {
        // A value beside the name may be a secret: what is not a name is not shown.
        if (!headerName.test(name)) {
          context.addIssue(
            `must list names of headers such as x-tenant, separated by commas, but item ${index + 1} is not one`,
          )
        } else if (reservedHeaders.has(name) || reservedPrefixes.test(name)) {
          context.addIssue(
            `must not list ${name}: browsers or proxies set this header, and pages must not. Remove it`,
          )
        }
      }
    })
    .describe('a list of at most 50 names of headers such as `x-tenant`, separated by commas')
}

function itemsOf(text: string): string[] {
  return text.split(',').flatMap((item) => item.trim() || [])
}

/** @returns whether it is an origin as a browser writes it: no pattern, and not `null`, which many pages share */
function isExactOrigin(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || text.includes('*')) return false
  if (/^https?:$/.test(url.protocol)) return url.origin === text
  // The web view of an app has an origin that Node does not know. URLs of ws, ftp and file always have a path.
  return url.href === text && /^[a-z][a-z\d+.-]*:\/\/[a-z\d._-]+(?::\d+)?$/.test(text)
}
