/** Decides which web pages may call the gateway: its own, and those of the origins in `CORS_ORIGINS`. */
import type { RequestErrorInit } from '../graphql/request-error.ts'
import type { RequestHead } from './headers.ts'

export interface CrossOriginOptions {
  /** Exact origins of pages and apps that may read responses. */
  readonly corsOrigins: readonly string[]
  /** Headers that their requests may have besides `usualHeaders`, in lower case. */
  readonly corsAllowedHeaders: readonly string[]
  /**
   * Whether the `Host` header must name this machine or a host of `corsOrigins`. Without authentication,
   * only the loopback address protects the account. A page whose own host name resolves to 127.0.0.1 (DNS
   * rebinding) has the same origin for a browser.
   */
  readonly isHostChecked: boolean
}

/** What a browser asked for in a preflight, and why it gets no permission. Each string may be long. */
export interface RefusedPreflight {
  readonly origin: string
  readonly method: string
  /** Those that are not allowed; undefined if all are. */
  readonly headers: readonly string[] | undefined
  /** A fixed message. */
  readonly reason: string
}

export interface CrossOrigin {
  /** @returns why the request's origin is not allowed; undefined if it is */
  findRejection(request: RequestHead, url: Pick<URL, 'host' | 'hostname'>): RequestErrorInit | undefined
  /** @returns undefined for a preflight that is allowed, and for an OPTIONS request that is not a preflight */
  findRefusedPreflight(request: RequestHead): RefusedPreflight | undefined
  /** @returns the response to a preflight. Without the headers of `headersFor` it allows nothing */
  answerPreflight(): Response
  /** @returns the CORS headers of a response. They allow only the origins of `corsOrigins` */
  headersFor(request: RequestHead): Readonly<Record<string, string>>
}

const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
/** Seconds for which a browser caches the response to a preflight. */
const preflightMaxAge = '600'
const allowedMethods: readonly string[] = ['GET', 'POST']
/** Those of the gateway, of traces, and of the Apollo clients. None of the latter has an effect here. */
const usualHeaders = [
  'content-type authorization x-api-key x-request-id',
  'traceparent tracestate baggage sentry-trace',
  'apollographql-client-name apollographql-client-version apollo-require-preflight',
].flatMap((names) => names.split(' '))

export function createCrossOrigin(options: CrossOriginOptions): CrossOrigin {
  const { corsOrigins, corsAllowedHeaders, isHostChecked } = options
  const origins = new Set(corsOrigins)
  const allowedHeaders = new Set([...usualHeaders, ...corsAllowedHeaders])
  const preflightHeaders = {
    'access-control-allow-methods': allowedMethods.join(', '),
    'access-control-allow-headers': [...allowedHeaders].join(', '),
    'access-control-max-age': preflightMaxAge,
  }
  // The host of an app, such as `app://bundle`, is not a name that DNS could resolve to this machine.
  const webOrigins = corsOrigins.filter((origin) => /^https?:/.test(origin))
  const hostnames = new Set(webOrigins.map((origin) => new URL(origin).hostname))

  /** Whether a browser sent this for a page of another site, by the headers that browsers set. */
  function isCrossSite({ headers }: RequestHead, url: Pick<URL, 'host'>): boolean {
    const origin = headers.get('origin')
    if (origin !== null && origins.has(origin)) return false
    const site = headers.get('sec-fetch-site')
    if (site !== null) return site !== 'same-origin' && site !== 'none'
    // Older browsers do not send `sec-fetch-site`. Other clients send neither header.
    return origin !== null && URL.parse(origin)?.host !== url.host
  }

  return {
    findRejection(request, url) {
      if (isHostChecked && !loopbackNames.test(url.hostname) && !hostnames.has(url.hostname)) {
        return {
          status: 421,
          message:
            'The Host header must be localhost or a loopback address. Set it in the proxy, or add its origin to CORS_ORIGINS.',
        }
      }
      // Browsers send a POST of JSON only after a successful preflight. They send a GET without one.
      if (request.method === 'GET' && isCrossSite(request, url)) {
        return {
          status: 403,
          code: 'FORBIDDEN',
          message: 'Cross-origin GET refused. Add the origin to CORS_ORIGINS.',
        }
      }
      return undefined
    },
    findRefusedPreflight({ headers }) {
      const origin = headers.get('origin')
      const method = headers.get('access-control-request-method')
      if (origin === null || method === null) return undefined
      const named = headers.get('access-control-request-headers')?.toLowerCase().split(',') ?? []
      const unknown = named.flatMap((name) => (allowedHeaders.has(name.trim()) ? [] : name.trim() || []))
      const reason = findReason(origin, method, unknown.length > 0)
      if (reason === undefined) return undefined
      return { origin, method, headers: unknown.length > 0 ? unknown : undefined, reason }
    },
    answerPreflight: () => new Response(null, { status: 204 }),
    headersFor({ method, headers }) {
      if (origins.size === 0) return {}
      const origin = headers.get('origin')
      const vary = { vary: 'origin' }
      if (origin === null || !origins.has(origin)) return vary
      const allowed = { ...vary, 'access-control-allow-origin': origin }
      if (method === 'OPTIONS') return { ...allowed, ...preflightHeaders }
      return { ...allowed, 'access-control-expose-headers': 'x-request-id, retry-after' }
    },
  }

  function findReason(origin: string, method: string, hasUnknownHeaders: boolean): string | undefined {
    if (!origins.has(origin)) return 'CORS_ORIGINS does not list the origin'
    // A browser sends HEAD without permission for the method.
    if (!allowedMethods.includes(method) && method !== 'HEAD') return 'pages may use GET and POST only'
    return hasUnknownHeaders ? 'CORS_ALLOWED_HEADERS does not list the headers' : undefined
  }
}
