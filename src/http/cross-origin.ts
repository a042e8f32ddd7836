/** Decides which web pages may call the gateway: its own, and those of the origins in `CORS_ORIGINS`. */
import type { RequestErrorInit } from '../graphql/request-error.ts'
import type { RequestHead } from './headers.ts'

export interface CrossOriginOptions {
  /** Exact origins of pages that may read responses. */
  readonly corsOrigins: readonly string[]
  /**
   * Whether the `Host` header must name this machine or a host of `corsOrigins`. Without authentication,
   * only the loopback address protects the account. A page whose own host name resolves to 127.0.0.1 (DNS
   * rebinding) has the same origin for a browser.
   */
  readonly isHostChecked: boolean
}

export interface CrossOrigin {
  /** @returns why the request's origin is not allowed; undefined if it is */
  findRejection(request: RequestHead, url: Pick<URL, 'host' | 'hostname'>): RequestErrorInit | undefined
  /** @returns the response to a preflight. Without the headers of `headersFor` it allows nothing */
  answerPreflight(): Response
  /** @returns the CORS headers of a response. They allow only the origins of `corsOrigins` */
  headersFor(request: RequestHead): Readonly<Record<string, string>>
}

const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
/** Seconds for which a browser caches the response to a preflight. */
const preflightMaxAge = '600'

export function createCrossOrigin({ corsOrigins, isHostChecked }: CrossOriginOptions): CrossOrigin {
  const origins = new Set(corsOrigins)
  const hostnames = new Set(corsOrigins.map((origin) => new URL(origin).hostname))

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
    answerPreflight: () => new Response(null, { status: 204 }),
    headersFor({ method, headers }) {
      if (origins.size === 0) return {}
      const origin = headers.get('origin')
      const vary = { vary: 'origin' }
      if (origin === null || !origins.has(origin)) return vary
      const allowed = { ...vary, 'access-control-allow-origin': origin }
      if (method !== 'OPTIONS') {
        return { ...allowed, 'access-control-expose-headers': 'x-request-id, retry-after' }
      }
      return {
        ...allowed,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type, authorization, x-api-key, x-request-id',
        'access-control-max-age': preflightMaxAge,
      }
    },
  }
}
