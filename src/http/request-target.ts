/** Reads the target of a request and checks its `Host` header (RFC 9112, section 3.2). */
import type { IncomingMessage } from 'node:http'
import type { RequestErrorInit } from '../graphql/request-error.ts'

export interface RequestTarget {
  /** The path as sent. Nothing is decoded or resolved: `/a/../b` and `/%62` are not `/b`. */
  readonly path: string
  /** The path with its query. */
  readonly originForm: string
}

/** HTTP/1.0 requests without `Host` are allowed for these paths only: HAProxy's `option httpchk` sends them. */
const pathsWithoutHost: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/** A name or address with an optional port: no character that could change other parts of a URL. */
const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i
/** Captures the authority, and the path with its query. */
const absolutePattern = /^http:\/\/([^/?#]*)([^#]*)$/i

/** @returns the target of a request, or why the request is rejected */
export function readTarget(request: IncomingMessage): RequestTarget | { readonly refusal: RequestErrorInit } {
  const { url: target = '', headers, httpVersion } = request
  const hosts = countHosts(request)
  if (hosts === 0 && httpVersion === '1.0' && pathsWithoutHost.has(pathOf(target))) return originForm(target)
  if (hosts !== 1 || headers.host === undefined || !hostPattern.test(headers.host))
    return { refusal: badHost }
  if (target.startsWith('/')) return originForm(target)
  const [, authority = '', rest = ''] = absolutePattern.exec(target) ?? []
  if (!isSameHost(authority, headers.host)) return { refusal: badTarget }
  return originForm(rest.startsWith('/') ? rest : `/${rest}`)
}

function originForm(target: string): RequestTarget {
  return { path: pathOf(target), originForm: target }
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

/** Counts `Host` headers. Of several, Node uses the first, and a proxy may use the last. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count += 1
  }
  return count
}

/** Compares hosts as URLs do: case does not matter, and port 80 is the default. */
function isSameHost(authority: string, host: string): boolean {
  if (!hostPattern.test(authority)) return false
  const url = URL.parse(`http://${authority}`)
  return url !== null && url.host === URL.parse(`http://${host}`)?.host
}

/** The client and the gateway may disagree about where the next request on this connection starts. */
const closing = { connection: 'close' }
export const badHost: RequestErrorInit = {
  status: 400,
  message: 'The request must have exactly one Host header with a valid host.',
  headers: closing,
}
const badTarget: RequestErrorInit = {
  status: 400,
  message: 'The request target must be a path, or an http URL with the host of the Host header.',
  headers: closing,
}
