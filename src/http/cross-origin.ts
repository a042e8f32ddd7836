/** Which web pages may talk to the gateway: none but its own, unless `CORS_ORIGINS` names theirs. */
import type { RequestErrorInit } from '../graphql/request-error.ts'

export interface CrossOriginOptions {
  /** Exact origins of pages that may read answers. */
  readonly corsOrigins: readonly string[]
  /**
   * Whether the `Host` header must name this machine or a host of `corsOrigins`. Where callers prove
   * nothing, being on the same machine is all that protects the account, and a page that points its
   * own name at 127.0.0.1 (DNS rebinding) is of the same origin to a browser.
   */
  readonly isHostChecked: boolean
}

/** What of a request tells where it comes from. */
export interface RequestHead {
  readonly method: string
  readonly headers: Pick<Headers, 'get'>
}

export interface CrossOrigin {
  /** Why a request does not come from where it may, if so. */
  findRejection(request: RequestHead, url: Pick<URL, 'host' | 'hostname'>): RequestErrorInit | undefined
  /** The answer to a preflight. Without the headers that `headersFor` adds it allows nothing. */
  answerPreflight(): Response
  /** The CORS headers of an answer: none where no origin was named, or another one asks. */
  headersFor(request: RequestHead): Readonly<Record<string, string>>
}

const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
/** Seconds for which a browser keeps the answer to a preflight. */
const preflightKeptFor = '600'

export function createCrossOrigin({ corsOrigins, isHostChecked }: CrossOriginOptions): CrossOrigin {
  const origins = new Set(corsOrigins)
  const hostnames = new Set(corsOrigins.map((origin) => new URL(origin).hostname))

  /** Whether another site's page may have made a browser send this, as browsers themselves tell. */
  function isForeign({ headers }: RequestHead, url: Pick<URL, 'host'>): boolean {
    const origin = headers.get('origin')
    if (origin !== null && origins.has(origin)) return false
    const site = headers.get('sec-fetch-site')
    if (site !== null) return site !== 'same-origin' && site !== 'none'
    // Older browsers; and what is no browser sends neither.
    return origin !== null && URL.parse(origin)?.host !== url.host
  }

  return {
    findRejection(request, url) {
      if (isHostChecked && !loopbackNames.test(url.hostname) && !hostnames.has(url.hostname)) {
        return {
          status: 421,
          message:
            'The Host header must be localhost or a loopback address. A proxy in front may set it, or CORS_ORIGINS may list its origin',
        }
      }
      // A POST of JSON is not sent by browsers before a preflight has allowed it; a GET is.
      if (request.method === 'GET' && isForeign(request, url)) {
        return {
          status: 403,
          code: 'FORBIDDEN',
          message: 'A page of another origin may not ask by GET. CORS_ORIGINS lists those that may',
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
        'access-control-max-age': preflightKeptFor,
      }
    },
  }
}
